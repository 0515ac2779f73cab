"""State of the page of one user: profile, projects and sessions."""

from collections.abc import AsyncGenerator
from typing import Any, TypedDict

import reflex as rx

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError, NotFound
from tca_app.features.auth import service as auth
from tca_app.features.auth.schemas import SessionRead
from tca_app.features.users import service as users
from tca_app.features.users.devices import device_words
from tca_app.features.users.schemas import MembershipRead
from tca_app.features.users.ui.state import UserRow, UsersState, user_row
from tca_app.ui import routes
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import MovedOn, RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.url import page_path, record_id

NOBODY = UserRow(
    id=0,
    name="",
    username="",
    full_name="",
    email="",
    is_active=False,
    is_superuser=False,
    is_deleted=False,
    created_at="",
    updated_at="",
    last_login_at="",
)


class MembershipRow(TypedDict):
    """A project of the user, with the user's role in it."""

    id: int
    name: str
    slug: str
    status: str
    role: str


class SessionRow(TypedDict):
    """An open session of the user."""

    id: int
    kind: str
    device: str
    ip: str
    created_at: str
    last_used_at: str
    is_current: bool


class UserState(RecordState, SessionState):
    """State of the page of one user."""

    person: UserRow = NOBODY
    projects: list[MembershipRow] = []
    project_total: int = 0
    sessions: list[SessionRow] = []
    is_loaded: bool = False
    is_missing: bool = False
    load_error: str = ""
    ending: bool = False
    ending_text: str = ""
    ending_busy: bool = False

    _ending_id: int = 0

    @rx.var
    def title(self) -> str:
        return "Not found" if self.is_missing else self.person["name"] or "User"

    @rx.var
    def is_self(self) -> bool:
        return self.person["id"] == self.user_id

    @rx.var
    def more_projects(self) -> int:
        return self.project_total - len(self.projects)

    @handler("signed_in", supersedes=True)
    async def load(self) -> AsyncGenerator[Any, None]:
        """Loads the user that the URL names, after it cleared the previous user."""
        user_id = record_id(self.router_data, routes.USERS)
        self._watch(UserState.load, f"user:{user_id}", "projects")
        if self._enter_record():
            self._empty()
            self.ending = False
            yield
        self.load_error, self.is_missing = "", False
        try:
            await self._read(user_id)
        except NotFound:
            self._empty()
            self.is_missing = True
        except AppError as error:
            self._empty()
            self.load_error = error.detail

    async def _read(self, user_id: int) -> None:
        actor = self._as_actor()
        async with reading() as session:
            user = await users.get_user(session, actor, user_id)
            page = await users.list_memberships(session, actor, user_id)
            sessions = await auth.list_sessions(session, actor, user_id)
        self.person, self.project_total = user_row(user), page.total
        self.projects = [_membership_row(entry) for entry in page.items]
        self.sessions = [_session_row(entry) for entry in sessions]
        self.is_loaded = True

    def _empty(self) -> None:
        """Clears the page, so that nothing of the previous user is shown under the new URL."""
        self.person, self.projects, self.sessions, self.project_total = NOBODY, [], [], 0
        self.is_loaded = False

    @handler("signed_in")
    async def ask_end(self, user_id: int, session_id: int) -> None:
        self._require_record(user_id, self.person["id"])
        for entry in self.sessions:
            if entry["id"] == session_id:
                what = "This is the session you use now: you will be signed out." if entry["is_current"] else ""
                self.ending_text = what or f"{entry['device']} at {entry['ip']} is signed out immediately."
                self.ending, self._ending_id = True, session_id

    @handler("signed_in")
    async def cancel_end(self) -> None:
        self.ending = self.ending_busy

    @handler("signed_in")
    async def end_session(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        """Ends the session that was confirmed. The service checks the permission."""
        if not self.ending:
            return
        self._require_record(self.person["id"], self.person["id"])
        self.ending_busy = True
        yield
        try:
            async with transaction() as session:
                await auth.revoke_session(session, self._as_actor(), self._ending_id)
            self._toast("Session ended")
        finally:
            self.ending = self.ending_busy = False
        yield UserState.load


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
    return MembershipRow(id=entry.project_id, name=entry.name, slug=entry.slug, status=entry.status, role=entry.role)


def _session_row(entry: SessionRead) -> SessionRow:
    return SessionRow(
        id=entry.id,
        kind=entry.kind,
        device=device_words(entry.user_agent),
        ip=entry.ip,
        created_at=entry.created_at.isoformat(),
        last_used_at=entry.last_used_at.isoformat(),
        is_current=entry.is_current,
    )
