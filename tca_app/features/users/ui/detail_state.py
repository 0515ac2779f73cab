"""State of the page of one user: profile and projects."""

from collections.abc import AsyncGenerator
from typing import Any, ClassVar, TypedDict

import reflex as rx

from tca_app.core.database.session import reading
from tca_app.core.errors import AppError, NotFound
from tca_app.core.language.messages import _
from tca_app.features.users import service as users
from tca_app.features.users.schemas import MembershipQuery, MembershipRead
from tca_app.features.users.ui.state import UserRow, UsersState, user_row
from tca_app.ui import routes
from tca_app.ui.components.faces import Mark, face_of, mark_of
from tca_app.ui.components.roles import role_label
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import MovedOn, RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.table.order import Order, OrderState
from tca_app.ui.url import page_path, record_id

NOBODY = UserRow(
    id=0,
    name="",
    face=face_of(""),
    username="",
    full_name="",
    email="",
    is_active=False,
    is_superuser=False,
    is_deleted=False,
    created_at="",
    updated_at="",
    last_login_at="",
    trash={},
)


class MembershipRow(TypedDict):
    """A project of the user, with the user's role in it."""

    id: int
    name: str
    slug: str
    mark: Mark
    status: str
    role: str


class UserState(OrderState, RecordState, SessionState):
    """State of the page of one user."""

    person: UserRow = NOBODY
    projects: list[MembershipRow] = []
    project_total: int = 0
    is_loaded: bool = False
    is_missing: bool = False
    load_error: str = ""

    _order: ClassVar = Order.of("sort_projects", MembershipQuery)

    @rx.var
    def title(self) -> str:
        return _("Page not found") if self.is_missing else self.person["name"] or _("User")

    @rx.var
    def is_self(self) -> bool:
        return self.person["id"] == self.user_id

    @rx.var
    def more_projects(self) -> int:
        return self.project_total - len(self.projects)

    @handler("signed_in", supersedes=True)
    async def show_more_projects(self, user_id: int) -> None:
        self._require_record(user_id, self.person["id"])
        await self._read(user_id, len(self.projects) + users.MEMBERSHIPS)

    @handler("signed_in", supersedes=True)
    async def load(self) -> AsyncGenerator[Any, None]:
        """Loads the user that the URL names, after it cleared the previous user."""
        user_id = record_id(self.router_data, routes.USERS)
        self._watch(UserState.load, f"user:{user_id}", "projects")
        if self._enter_record():
            self._empty()
            yield
        self.load_error, self.is_missing = "", False
        try:
            await self._read(user_id, max(users.MEMBERSHIPS, len(self.projects)))
        except NotFound:
            self._empty()
            self.is_missing = True
        except AppError as error:
            self._empty()
            self.load_error = error.detail

    async def _read(self, user_id: int, limit: int) -> None:
        actor = self._as_actor()
        async with reading() as session:
            user = await users.get_user(session, actor, user_id)
            query = MembershipQuery.model_validate({"sort": self._sorted()})
            page = await users.list_memberships(session, actor, user_id, query, limit)
        self.person, self.project_total = user_row(user), page.total
        self.projects = [_membership_row(entry) for entry in page.items]
        self.is_loaded = True

    def _empty(self) -> None:
        """Clears the page, so that nothing of the previous user is shown under the new URL."""
        self.person, self.projects, self.project_total = NOBODY, [], 0
        self.is_loaded = False


def require_person(state: rx.State, user_id: int) -> None:
    """Raises MovedOn when the tab shows the page of another user by now. The list always passes."""
    if record_id(state.router_data, routes.USERS) not in (0, user_id):
        raise MovedOn


def reload_of(state: rx.State) -> Events:
    """Returns the event that reloads the users shown on the current page, or None."""
    path = page_path(state.router_data)
    if path == routes.USERS:
        return UsersState.load
    return UserState.load if path.startswith(f"{routes.USERS}/") else None


def _membership_row(entry: MembershipRead) -> MembershipRow:
    return MembershipRow(
        id=entry.project_id,
        name=entry.name,
        slug=entry.slug,
        mark=mark_of(entry),
        status=entry.status,
        role=role_label(entry.role),
    )
