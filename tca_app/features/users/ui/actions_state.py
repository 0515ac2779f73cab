"""State of the actions on users other than editing, for one user or many, with a confirmation where needed."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict

import reflex as rx
from pydantic import Field

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError
from tca_app.core.plurals import plural
from tca_app.features.projects import service as projects
from tca_app.features.projects.schemas import ProjectQuery
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserBulk, UserRead, UserUpdate
from tca_app.features.users.ui.detail_state import reload_of, require_person
from tca_app.features.users.ui.state import Refusal, UsersState, printable
from tca_app.ui import routes
from tca_app.ui.handlers import handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.url import record_id

Ids = Annotated[list[int], Field(min_length=1, max_length=100)]


@dataclass(frozen=True, slots=True)
class Act:
    """An action on one user. `text` and `done` contain `{name}`."""

    button: str
    title: str
    text: str
    done: str
    changes: dict[str, bool]


ACTS = {
    "activate": Act("Activate", "", "", "{name} activated", {"is_active": True}),
    "deactivate": Act(
        "Deactivate",
        "Deactivate {name}?",
        "They are signed out everywhere and cannot sign in until an administrator activates them.",
        "{name} deactivated",
        {"is_active": False},
    ),
    "promote": Act(
        "Make administrator",
        "Make {name} an administrator?",
        "Administrators see and change everything: every user, every project and this console.",
        "{name} is now an administrator",
        {"is_superuser": True},
    ),
    "demote": Act(
        "Remove administrator",
        "Remove administrator rights from {name}?",
        "They keep their projects and are signed out everywhere.",
        "{name} is no longer an administrator",
        {"is_superuser": False},
    ),
}
TRASH = "They are signed out and moved to the trash. An administrator can restore them."
TAKE_OVER = "Choose a new owner. Restoring the user does not return the projects."
OWN = "This is your own account. You are signed out, and only another administrator can undo it."
DONE = {"activate": "activated", "deactivate": "deactivated", "delete": "moved to trash", "restore": "restored"}


class NewOwner(TypedDict):
    """A user who may become the new owner of projects."""

    id: int
    name: str
    username: str


class ActState(RecordState, SessionState):
    """The open confirmation, and the actions that need none."""

    act: str = ""  # the action to confirm: a key of ACTS, or "delete"; kept while the dialog closes
    asking: bool = False
    act_title: str = ""
    act_text: str = ""
    act_button: str = ""
    act_error: str = ""
    act_busy: bool = False
    act_ids: list[int] = []
    is_bulk: bool = False
    heir_text: str = ""  # why a new owner is needed; empty when none is
    heirs: list[NewOwner] = []
    heir: NewOwner = NewOwner(id=0, name="", username="")

    @handler("users.manage")
    async def ask(self, act: str, user_id: int) -> None:
        """Opens the confirmation for one user."""
        require_person(self, user_id)
        user = await self._user(user_id)
        name, chosen = user.full_name or user.username, ACTS.get(act)
        if act == "delete":
            await self._ask_delete(user, name)
        elif chosen and chosen.title:
            text = OWN if user_id == self.user_id else chosen.text
            self._ask(act, [user_id], chosen.title.format(name=name), text, chosen.button)

    async def _ask_delete(self, user: UserRead, name: str) -> None:
        owned = await self._owned(user.id)
        self._ask("delete", [user.id], f"Delete {name}?", TRASH, "Delete")
        if owned:
            self.heir_text = f"They own {plural(owned, 'project')}. {TAKE_OVER}"
            await self._offer_heirs("")

    @handler("users.manage")
    async def ask_selected(self, act: str) -> None:
        """Opens the confirmation for the selected users."""
        ids = list((await self.get_state(UsersState)).selected)
        if not ids or act not in ("deactivate", "delete"):
            return
        people = plural(len(ids), "person", "people")
        text = TRASH if act == "delete" else ACTS[act].text
        self._ask(act, ids, f"{act.capitalize()} {people}?", text, act.capitalize(), is_bulk=True)
        if act == "delete":
            self.heir_text = "Owners of projects are skipped unless you choose a new owner."
            await self._offer_heirs("")

    def _ask(self, act: str, ids: list[int], title: str, text: str, button: str, *, is_bulk: bool = False) -> None:
        self._enter_record()  # the confirmation belongs to the page on which it was opened
        self.act, self.act_ids, self.is_bulk = act, ids, is_bulk
        self.act_title, self.act_text, self.act_button = title, text, button
        self.act_error, self.act_busy, self.asking = "", False, True
        self.heir_text, self.heirs, self.heir = "", [], NewOwner(id=0, name="", username="")

    @handler("users.manage")
    async def cancel(self) -> None:
        """Closes the confirmation on Cancel, Esc or a click outside, unless the action is already running."""
        self.asking = self.act_busy

    @handler("users.manage", supersedes=True)
    async def find_heirs(self, text: str) -> None:
        if self.asking:
            await self._offer_heirs(printable(text.strip()[:100]))

    async def _offer_heirs(self, search: str) -> None:
        async with reading() as session:
            found = await users.search_people(session, self._as_actor(), search)
        self.heirs = [
            NewOwner(id=person.id, name=person.display_name, username=person.username)
            for person in found
            if person.id not in self.act_ids and person.id != self.heir["id"]
        ]

    @handler("users.manage")
    async def choose_heir(self, user_id: int) -> None:
        chosen = [heir for heir in self.heirs if heir["id"] == user_id]
        if chosen:
            others = [heir for heir in self.heirs if heir["id"] != user_id]
            self.heirs = [*([self.heir] if self.heir["id"] else []), *others]
            self.heir, self.act_error = chosen[0], ""

    @handler("users.manage")
    async def confirm(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        """Runs the confirmed action. A refusal stays in the dialog."""
        if not self.asking:
            return
        self._require_record(0, 0)
        self.act_busy, self.act_error = True, ""
        yield
        try:
            events = await self._carry_out()
            self.asking = False
        except AppError as error:
            self.act_error, events = error.detail, None
        finally:
            self.act_busy = False
        yield events

    async def _carry_out(self) -> Any:
        if self.is_bulk:
            return await self._bulk(self.act, self.act_ids)
        if self.act == "delete":
            return await self._delete(self.act_ids[0])
        return await self._change(self.act, self.act_ids[0])

    async def _change(self, act: str, user_id: int) -> Any:
        async with transaction() as session:
            data = UserUpdate(**ACTS[act].changes)
            user = await users.update_user(session, self._as_actor(), user_id, data)
        self._toast(ACTS[act].done.format(name=user.username))
        return reload_of(self)

    async def _delete(self, user_id: int) -> Any:
        user = await self._user(user_id)
        async with transaction() as session:
            await users.delete_user(session, self._as_actor(), user_id, self.heir["id"] or None)
        self._toast(f"{user.username} moved to trash", undo=ActState.restore([user_id]))
        is_on_their_page = record_id(self.router_data, routes.USERS) == user_id
        return rx.redirect(routes.USERS) if is_on_their_page else reload_of(self)

    @handler("users.manage")
    async def activate(self, user_id: int) -> Any:
        require_person(self, user_id)
        return await self._change("activate", user_id)

    @handler("users.manage")
    async def restore(self, ids: Ids) -> Any:
        """Restores users, from a row of the trash or with "Undo"."""
        return await self._bulk("restore", ids)

    @handler("users.manage")
    async def act_on_selected(self, act: str) -> Any:
        """Runs one of the two bulk actions that need no confirmation."""
        ids = list((await self.get_state(UsersState)).selected)
        return await self._bulk(act, ids) if ids and act in ("activate", "restore") else None

    async def _bulk(self, act: str, ids: list[int]) -> Any:
        data = UserBulk(action=act, ids=list(ids), transfer_to=self.heir["id"] or None if act == "delete" else None)
        async with transaction() as session:
            results = await users.bulk_users(session, self._as_actor(), data)
        table = await self.get_state(UsersState)
        names = {row["id"]: row["username"] for row in table.rows}
        done = [result.id for result in results if result.ok]
        refused = [result for result in results if not result.ok]
        table.refusals = [Refusal(name=names.get(r.id, f"User {r.id}"), detail=r.detail) for r in refused]
        table.selected = []
        self._say_done(act, done, len(refused), names)
        return reload_of(self)

    def _say_done(self, act: str, done: list[int], refused: int, names: dict[int, str]) -> None:
        people = plural(len(done), "user")
        who = names.get(done[0], people) if len(done) == 1 else people
        text = f"{who} {DONE[act]}" if done else f"No users {DONE[act]}"
        if refused:
            text += f", {refused} refused"
        undo = ActState.restore(done) if act == "delete" and done else None
        self._toast(text, "success" if done else "error", undo=undo)

    async def _owned(self, user_id: int) -> int:
        """Returns how many projects the users own. Projects in the trash count, because they need an owner too."""
        actor = self._as_actor()
        async with reading() as session:
            at_work = await projects.list_projects(session, actor, ProjectQuery(owner_id=user_id, limit=1))
            in_trash = await projects.list_projects(
                session, actor, ProjectQuery(owner_id=user_id, limit=1, deleted=True)
            )
        return at_work.total + in_trash.total

    async def _user(self, user_id: int) -> UserRead:
        async with reading() as session:
            return await users.get_user(session, self._as_actor(), user_id)
