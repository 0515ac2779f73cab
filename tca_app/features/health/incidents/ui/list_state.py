"""State of the list of incidents."""

from datetime import UTC, datetime
from typing import ClassVar, TypedDict

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, transaction
from tca_app.core.facets import Facets
from tca_app.core.language.messages import _
from tca_app.core.language.stored import stored_text
from tca_app.core.schema import Id
from tca_app.features.health import policy
from tca_app.features.health.components import may_anywhere
from tca_app.features.health.incidents import listing, service as incidents
from tca_app.features.health.incidents.filters import INCIDENTS
from tca_app.features.health.incidents.schemas import IncidentQuery, IncidentRead, incident_title
from tca_app.features.health.incidents.ui.rows import ERASED, component_names
from tca_app.features.health.probing.check_state import lasted
from tca_app.features.health.ui.filter_names import component_facets, shown_names
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, Mark, face_of, mark_of
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionState
from tca_app.ui.table.state import TableQuery, TableState
from tca_app.ui.url import printable

FIELDS: dict[str, listing.IncidentField] = {
    "status": "status",
    "severity": "severity",
    "acknowledged": "acknowledged",
    "project": "project_id",
    "component": "check_id",
}


class IncidentRow(TypedDict):
    """A line of the list. Times are ISO 8601, or "" for never."""

    id: int
    name: str
    url: str
    mark: Mark
    reason: str
    severity: str
    status: str
    components: str
    opened_at: str
    closed_at: str
    lasted: str
    acknowledged_by: str
    face: Face
    is_open: bool
    may_note: bool
    may_acknowledge: bool


def _row(incident: IncidentRead, now: datetime) -> IncidentRow:
    at, closed_at = incident.acknowledged_at, incident.closed_at
    responder = (incident.acknowledged_by or _(ERASED)) if at else ""
    return IncidentRow(
        id=incident.id,
        name=incident_title(incident),
        url=routes.incident(incident.id),
        mark=mark_of(incident.project),
        reason=stored_text(incident.reason),
        severity=incident.severity,
        status=incident.status,
        components=component_names(incident),
        opened_at=incident.opened_at.isoformat(),
        closed_at=closed_at.isoformat() if closed_at else "",
        lasted=lasted((closed_at or now) - incident.opened_at),
        acknowledged_by=responder,
        face=face_of(responder, incident.acknowledged_by_id),
        is_open=closed_at is None,
        may_note=incident.may_note,
        may_acknowledge=incident.may_note and closed_at is None and at is None,
    )


class IncidentsState(TableState, SessionState):
    """State of `/status/incidents`. `may_open`: the viewer opens incidents in some project."""

    rows: list[IncidentRow] = []
    may_open: bool = False

    _spec: ClassVar = INCIDENTS

    def _asked(self, query: TableQuery) -> IncidentQuery:
        acknowledged = query.chosen["acknowledged"]
        return IncidentQuery.model_validate(
            {
                "skip": query.skip,
                "limit": query.limit,
                "search": printable(query.search),
                "sort": query.sort,
                "status": query.chosen["status"],
                "severity": query.chosen["severity"],
                "check_id": query.chosen["component"],
                "project_id": query.chosen["project"],
                "acknowledged": acknowledged == ("yes",) if len(acknowledged) == 1 else None,
                **self._span(query),
            }
        )

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[IncidentRow], int, bool]:
        asked, now = self._asked(query), datetime.now(UTC)
        page = await listing.list_incidents(session, actor, asked)
        self._offer_export(asked)
        self.may_open = await may_anywhere(session, actor, policy.NOTE)
        return [_row(incident, now) for incident in page.items], page.total, page.capped

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        facets = await listing.count_incidents(session, actor, self._asked(query), FIELDS[key], search)
        return component_facets(facets) if key == "component" else facets

    async def _names(self, session: Session, actor: Actor, key: str, ids: list[int]) -> dict[str, str]:
        return await shown_names(session, actor, key, ids)

    @handler("signed_in", supersedes=True)
    async def load(self) -> Events:
        self._watch(IncidentsState.load, "health", "projects")
        return await self._load()

    @handler("signed_in")
    async def acknowledge(self, incident_id: Id) -> Events:
        async with transaction() as session:
            incident = await incidents.acknowledge_incident(session, self._as_actor(), incident_id)
        self._toast(_("{incident}: acknowledged", incident=incident_title(incident)))
        return IncidentsState.load
