"""State of the list of maintenance windows."""

from typing import ClassVar, TypedDict
from zoneinfo import ZoneInfo

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.facets import Facets
from tca_app.core.language.messages import _
from tca_app.core.region.formats import moment_text
from tca_app.features.health import policy
from tca_app.features.health.components import may_anywhere
from tca_app.features.health.maintenance import listing
from tca_app.features.health.maintenance.filters import MAINTENANCE
from tca_app.features.health.maintenance.schemas import MaintenanceQuery, MaintenanceRead
from tca_app.features.health.maintenance.ui.rows import component_names
from tca_app.features.health.ui.filter_names import component_facets, shown_names
from tca_app.features.projects.refs import read_refs
from tca_app.features.projects.schemas import ProjectRef
from tca_app.ui.components.faces import Face, Mark, face_of, mark_of
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionState
from tca_app.ui.table.state import TableQuery, TableState
from tca_app.ui.url import printable
from tca_app.ui.zone import zone_of

FIELDS: dict[str, listing.MaintenanceField] = {
    "state": "state",
    "by": "created_by_id",
    "project": "project_id",
    "component": "check_id",
}


class MaintenanceRow(TypedDict):
    """A line of the list. Times are in the viewer's time zone. `may_change`: it is not over, and theirs to manage."""

    id: int
    title: str
    message: str
    mark: Mark
    state: str
    components: str
    starts_at: str
    ends_at: str
    created_by: str
    face: Face
    may_change: bool


def _row(window: MaintenanceRead, project: ProjectRef | None, zone: ZoneInfo) -> MaintenanceRow:
    author = window.created_by or _("An erased user")
    return MaintenanceRow(
        id=window.id,
        title=window.title,
        message=window.message,
        mark=mark_of(project),
        state=window.state,
        components=component_names(window),
        starts_at=moment_text(window.starts_at, zone),
        ends_at=moment_text(window.ends_at, zone),
        created_by=author,
        face=face_of(author, window.created_by_id),
        may_change=window.may_manage and window.state in ("scheduled", "active"),
    )


class MaintenanceState(TableState, SessionState):
    """State of `/status/maintenance`. `may_plan`: the viewer plans maintenance in some project."""

    rows: list[MaintenanceRow] = []
    may_plan: bool = False

    _spec: ClassVar = MAINTENANCE

    def _asked(self, query: TableQuery) -> MaintenanceQuery:
        return MaintenanceQuery.model_validate(
            {
                "skip": query.skip,
                "limit": query.limit,
                "search": printable(query.search),
                "sort": query.sort,
                "state": query.chosen["state"],
                "check_id": query.chosen["component"],
                "created_by_id": query.chosen["by"],
                "project_id": query.chosen["project"],
                **self._span(query),
            }
        )

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[MaintenanceRow], int, bool]:
        asked, zone = self._asked(query), zone_of(self.router_data)
        page = await listing.list_windows(session, actor, asked)
        self._offer_export(asked)
        self.may_plan = await may_anywhere(session, actor, policy.MANAGE)
        refs = await read_refs(session, (window.project_id for window in page.items))
        rows = [_row(window, refs.get(window.project_id or 0), zone) for window in page.items]
        return rows, page.total, page.capped

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        facets = await listing.count_windows(session, actor, self._asked(query), FIELDS[key], search)
        return component_facets(facets) if key == "component" else facets

    async def _names(self, session: Session, actor: Actor, key: str, ids: list[int]) -> dict[str, str]:
        if key == "by":
            return await listing.author_names(session, actor, ids)
        return await shown_names(session, actor, key, ids)

    @handler("signed_in", supersedes=True)
    async def load(self) -> Events:
        self._watch(MaintenanceState.load, "health", "projects")
        return await self._load()
