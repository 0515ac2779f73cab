"""State of the form that opens or edits an incident, which merges when another person saved first."""

from collections.abc import AsyncGenerator
from typing import Any

import reflex as rx

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import Forbidden, Stale
from tca_app.core.language.messages import N_, _
from tca_app.features.health import policy
from tca_app.features.health.components import Scopes, read_scopes
from tca_app.features.health.incidents import queries, service as incidents
from tca_app.features.health.incidents.schemas import IncidentCreate, IncidentRead, IncidentUpdate
from tca_app.features.health.ui.scoped_form import ScopedForm, project_of
from tca_app.ui import routes
from tca_app.ui.handlers import handler
from tca_app.ui.record import MovedOn
from tca_app.ui.session import SessionState
from tca_app.ui.url import record_id

LABELS = {"title": N_("Title"), "severity": N_("Severity"), "is_public": N_("On the public page")}


class IncidentForm(ScopedForm, SessionState):
    """State of the form. Of an incident that checks opened only the severity can be edited."""

    is_manual: bool = True

    @handler("signed_in")
    async def open_create(self) -> None:
        async with reading() as session:
            scopes = await read_scopes(session, self._as_actor(), policy.NOTE)
        self.is_manual = True
        values = {"title": "", "severity": "major", "message": "", "is_public": ""}
        self._open_form("create", values | self._offer(scopes))

    @handler("signed_in")
    async def open_edit(self, incident_id: int) -> None:
        if incident_id != record_id(self.router_data, routes.INCIDENTS):
            raise MovedOn
        incident, scopes = await self._read(incident_id)
        if not incident.may_note:
            raise Forbidden
        self.is_manual = incident.is_manual
        values = self._values(incident, scopes)
        self._open_form("edit", values, row_id=incident.id, version=incident.version, name=incident.name)

    async def _read(self, incident_id: int) -> tuple[IncidentRead, Scopes]:
        async with reading() as session:
            incident = await queries.get_incident(session, self._as_actor(), incident_id)
            return incident, await read_scopes(session, self._as_actor(), policy.NOTE, incident.project_id)

    def _values(self, incident: IncidentRead, scopes: Scopes) -> dict[str, str]:
        if not incident.is_manual:
            return {"severity": incident.severity}
        components = self._offer(scopes, str(incident.project_id or ""), incident.components)
        about = {"title": incident.title, "is_public": "on" if incident.is_public else ""}
        return {"severity": incident.severity} | about | components

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            if self.form_mode == "create":
                incident = await self._create(values)
                self._toast(_("Incident opened"))
                self._close_form()
                yield rx.redirect(routes.incident(incident.id))
                return
            try:
                await self._update(values)
            except Stale as stale:
                incident, scopes = await self._read(self.form_id)
                labels = LABELS | {option["field"]: option["name"] for option in self.component_options}
                saved = self._values(incident, scopes)
                self._ask_to_merge(saved, stale, version=incident.version, labels=labels)
                return
            self._close_form()
            self._toast(_("Incident saved"))

    async def _create(self, values: dict[str, str]) -> IncidentRead:
        given: dict[str, Any] = {name: values[name] for name in ("title", "severity", "message")}
        given |= {"project_id": project_of(values["project_id"]), "is_public": values["is_public"] == "on"}
        data = IncidentCreate(**given, check_ids=self._chosen(values, values["project_id"]))
        async with transaction() as session:
            return await incidents.create_incident(session, self._as_actor(), data)

    async def _update(self, values: dict[str, str]) -> None:
        given: dict[str, Any] = {"severity": values["severity"]}
        if self.is_manual:
            given |= {"title": values["title"], "is_public": values["is_public"] == "on"}
            given["check_ids"] = self._chosen(values, self.scope)
        async with transaction() as session:
            data, actor = IncidentUpdate(**given), self._as_actor()
            await incidents.update_incident(session, actor, self.form_id, data, self.form_version)
