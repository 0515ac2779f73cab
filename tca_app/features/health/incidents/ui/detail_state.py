"""State of the page of one incident: what it is, its timeline, and the actions of the viewer."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any, TypedDict

import reflex as rx

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError, NotFound
from tca_app.core.language.messages import _
from tca_app.features.health.incidents import queries, service as incidents
from tca_app.features.health.incidents.schemas import IncidentRead
from tca_app.features.health.incidents.ui.rows import (
    ERASED,
    IncidentLine,
    Step,
    component_names,
    line_of,
    notified_users,
    steps_of,
)
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, Mark, face_of, mark_of
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.url import record_id


class IncidentFacts(TypedDict):
    """What the rail of the page shows. `project` is "" for an incident of the console."""

    components: str
    project: str
    mark: Mark
    project_url: str
    opened_by: str
    opened_by_face: Face
    acknowledged_by: str
    acknowledged_at: str
    notified: str
    is_public: bool


class IncidentState(RecordState, SessionState):
    """State of `/incidents/[incident_id]`."""

    phase: str = ""  # "" not known yet, "ready", "missing", "failed"
    failure: str = ""
    lines: list[IncidentLine] = []  # the incident, or nothing
    steps: list[Step] = []
    about: list[IncidentFacts] = []

    @rx.var
    def heading(self) -> str:
        if self.lines:
            return self.lines[0]["name"]
        return _("Page not found") if self.phase == "missing" else _("Incident")

    @rx.var
    def number(self) -> int:
        return self.lines[0]["id"] if self.lines else 0

    @handler("signed_in", supersedes=True)
    async def load(self) -> AsyncGenerator[Any, None]:
        """Loads the incident that the URL names, after it cleared the previous one."""
        incident_id = record_id(self.router_data, routes.INCIDENTS)
        self._watch(IncidentState.load, "health")
        if self._enter_record():
            self._forget("")
            yield
        actor = self._as_actor()
        try:
            async with reading() as session:
                incident = await queries.get_incident(session, actor, incident_id)
        except NotFound:
            self._forget("missing")
            return
        except AppError as error:
            self._forget("failed")
            self.failure = error.detail
            return
        self.lines, self.steps = [line_of(incident, datetime.now(UTC))], steps_of(incident)
        self.about = [_facts(incident)]
        self.phase = "ready"

    def _forget(self, phase: str) -> None:
        self.phase, self.failure = phase, ""
        self.lines, self.steps, self.about = [], [], []

    @handler("signed_in")
    async def acknowledge(self, incident_id: int) -> Events:
        self._require_record(incident_id, self.number)
        async with transaction() as session:
            await incidents.acknowledge_incident(session, self._as_actor(), incident_id)
        self._toast(_("Incident acknowledged"))
        return IncidentState.load


def _facts(incident: IncidentRead) -> IncidentFacts:
    at, project = incident.acknowledged_at, incident.project
    return IncidentFacts(
        components=component_names(incident),
        project=project.name if project else "",
        mark=mark_of(project),
        project_url=routes.project(project.id) if project else "",
        opened_by=(incident.opened_by or _(ERASED)) if incident.is_manual else _("Health checks"),
        opened_by_face=face_of(incident.opened_by, incident.opened_by_id),
        acknowledged_by=(incident.acknowledged_by or _(ERASED)) if at else "",
        acknowledged_at=at.astimezone(UTC).isoformat() if at else "",
        notified=notified_users(incident),
        is_public=incident.is_public,
    )
