"""State of the lists of invitations: all of them for administrators, and those into one project."""

from typing import ClassVar, TypedDict

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, reading
from tca_app.core.errors import Forbidden, NotFound
from tca_app.core.facets import Facets
from tca_app.features.invitations import service as invitations
from tca_app.features.invitations.filters import INVITATIONS
from tca_app.features.invitations.listing import (
    InvitationField,
    count_invitations,
    find_invitation_ids,
    invitation_names,
    read_listed,
)
from tca_app.features.invitations.schemas import InvitationQuery, InvitationRead
from tca_app.features.invitations.ui.bulk_state import InvitationBulk, invitation_actions
from tca_app.features.projects.refs import read_refs
from tca_app.features.projects.schemas import ProjectRef
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, Mark, face_of, mark_of
from tca_app.ui.components.roles import role_label, role_word
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.table.bulk import MAX_EVERYTHING, BulkActions
from tca_app.ui.table.order import Order, OrderState
from tca_app.ui.table.state import TableQuery
from tca_app.ui.url import printable, query_of, query_param, record_id

MAX_SHOWN = 100
OPEN = ("pending", "expired")
FIELDS: dict[str, InvitationField] = {"state": "state", "project": "project_id", "by": "invited_by_id"}


class InvitationRow(TypedDict):
    """An invitation. Times are ISO 8601, or "" for never."""

    id: int
    email: str
    project_id: int
    project_name: str
    mark: Mark
    role_label: str
    role_word: str
    state: str
    invited_by: str
    face: Face
    created_at: str
    expires_at: str
    is_open: bool


async def invitation_rows(session: Session, found: list[InvitationRead]) -> list[InvitationRow]:
    refs = await read_refs(session, (row.project_id for row in found))
    return [_row(row, refs.get(row.project_id or 0)) for row in found]


def _row(row: InvitationRead, project: ProjectRef | None) -> InvitationRow:
    by = row.invited_by
    return InvitationRow(
        id=row.id,
        email=row.email,
        project_id=row.project_id or 0,
        project_name=row.project_name or "",
        mark=mark_of(project),
        role_label=role_label(row.role),
        role_word=role_word(row.role),
        state=row.state,
        invited_by=by.display_name if by else "",
        face=face_of(by.display_name, by.id) if by else face_of(""),
        created_at=row.created_at.isoformat(),
        expires_at=row.expires_at.isoformat(),
        is_open=row.state in OPEN,
    )


class InvitationsState(InvitationBulk, BulkActions, SessionState):
    """State of the tab "Invitations" of `/users`."""

    rows: list[InvitationRow] = []
    is_shown: bool = False

    _spec: ClassVar = INVITATIONS
    _bulk: ClassVar = invitation_actions("users.manage")

    def _asked(self, query: TableQuery) -> InvitationQuery:
        return InvitationQuery.model_validate(
            {
                "skip": query.skip,
                "limit": query.limit,
                "search": printable(query.search),
                "sort": query.sort,
                "state": query.chosen["state"],
                "project_id": query.chosen["project"],
                "invited_by_id": query.chosen["by"],
                **self._span(query),
            }
        )

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[InvitationRow], int, bool]:
        asked = self._asked(query)
        page = await invitations.list_invitations(session, actor, asked)
        self._offer_export(asked)
        return await invitation_rows(session, page.items), page.total, page.capped

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        return await count_invitations(session, actor, self._asked(query), FIELDS[key], search)

    async def _names(self, session: Session, actor: Actor, key: str, ids: list[int]) -> dict[str, str]:
        return await invitation_names(session, actor, "project_id" if key == "project" else "invited_by_id", ids)

    @handler("users.manage", supersedes=True)
    async def load(self) -> Events:
        self.is_shown = query_param(self.router_data, "tab") == "invitations"
        if not self.is_shown:
            return None
        self._watch(InvitationsState.load, "invitations")
        return await self._load()


class ProjectInvitationsState(InvitationBulk, OrderState, RecordState, SessionState):
    """State of the open invitations into a project."""

    rows: list[InvitationRow] = []
    is_loaded: bool = False
    export_query: str = ""

    _order: ClassVar = Order.of("sort_invitations", InvitationQuery)
    _bulk: ClassVar = invitation_actions("signed_in")

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        if self._enter_record():
            self.rows, self.is_loaded = [], False
            self._forget_bulk()
        self._watch(ProjectInvitationsState.load, "invitations")
        project_id = record_id(self.router_data, routes.PROJECTS)
        if not project_id:
            return
        query = self._asked(project_id)
        self.export_query = query_of(query, "limit")
        try:
            async with reading() as session:
                page = await invitations.list_invitations(session, self._as_actor(), query)
                rows = await invitation_rows(session, page.items)
        except (NotFound, Forbidden):  # the page says so already
            self.rows, self.total = [], 0
            self._forget_bulk()
            return
        if rows != self.rows or not self.is_loaded:
            self.rows, self.is_loaded = rows, True
            self._keep_selected(rows)
        self.total = page.total

    def _asked(self, project_id: int) -> InvitationQuery:
        asked = {"project_id": [project_id], "state": OPEN, "sort": self._sorted(), "limit": MAX_SHOWN}
        return InvitationQuery.model_validate(asked)

    async def _everything(self) -> list[InvitationRow]:
        query = self._asked(record_id(self.router_data, routes.PROJECTS))
        async with reading() as session:
            ids = await find_invitation_ids(session, self._as_actor(), query)
            found = await read_listed(session, self._as_actor(), query, ids[:MAX_EVERYTHING])
            return await invitation_rows(session, found)
