"""State of the actions on one user other than editing, with a confirmation where needed."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import reflex as rx

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError
from tca_app.core.language.messages import N_, _, ngettext
from tca_app.features.projects import service as projects
from tca_app.features.projects.schemas import ProjectQuery
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserRead, UserUpdate
from tca_app.features.users.ui.detail_state import reload_of, require_person
from tca_app.features.users.ui.new_owner_state import TRANSFER_TO, NewOwnerState
from tca_app.features.users.ui.state import DEACTIVATED, DELETED, UsersState
from tca_app.ui import routes
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.table.bulk import RESTORE
from tca_app.ui.url import record_id


@dataclass(frozen=True, slots=True)
class Act:
    """An action on one user. `text` and `done` contain `{name}`."""

    button: str
    title: str
    text: str
    done: str
    changes: dict[str, bool]


ACTS = {
    "activate": Act(N_("Activate"), "", "", N_("{name} activated"), {"is_active": True}),
    "deactivate": Act(
        N_("Deactivate"),
        N_("Deactivate {name}?"),
        DEACTIVATED,
        N_("{name} deactivated"),
        {"is_active": False},
    ),
    "promote": Act(
        N_("Make administrator"),
        N_("Make {name} an administrator?"),
        N_("Administrators see and change everything: every user, every project and this console."),
        N_("{name} is now an administrator"),
        {"is_superuser": True},
    ),
    "demote": Act(
        N_("Remove administrator"),
        N_("Remove administrator rights from {name}?"),
        N_("They keep their projects and are signed out everywhere."),
        N_("{name} is no longer an administrator"),
        {"is_superuser": False},
    ),
}
TAKE_OVER = N_("Choose a new owner. Restoring the user does not return the projects.")
OWN = N_("This is your own account. You are signed out, and only another administrator can undo it.")


class ActState(NewOwnerState, RecordState, SessionState):
    """The open confirmation, and the actions that need none."""

    act: str = ""  # the action to confirm: a key of ACTS, or "delete"; kept while the dialog closes
    asking: bool = False
    act_title: str = ""
    act_text: str = ""
    act_button: str = ""
    act_error: str = ""
    act_busy: bool = False

    _act_id: int = 0

    @handler("users.manage")
    async def ask(self, act: str, user_id: int) -> None:
        """Opens the confirmation for one user."""
        require_person(self, user_id)
        user = await self._user(user_id)
        name, chosen = user.full_name or user.username, ACTS.get(act)
        if act == "delete":
            await self._ask_delete(user, name)
        elif chosen and chosen.title:
            text = _(OWN if user_id == self.user_id else chosen.text)
            self._ask(act, user_id, _(chosen.title, name=name), text, _(chosen.button))

    async def _ask_delete(self, user: UserRead, name: str) -> None:
        owned = await self._owned(user.id)
        self._ask("delete", user.id, _("Delete {name}?", name=name), _(DELETED), _("Delete"))
        if owned:
            self._offer_owners(
                ngettext(
                    "They own {count} project. {take_over}",
                    "They own {count} projects. {take_over}",
                    owned,
                    take_over=_(TAKE_OVER),
                ),
                [user.id],
            )

    def _ask(self, act: str, user_id: int, title: str, text: str, button: str) -> None:
        self._enter_record()  # the confirmation belongs to the page on which it was opened
        self._hide_owners()
        self.act, self._act_id = act, user_id
        self.act_title, self.act_text, self.act_button = title, text, button
        self.act_error, self.act_busy, self.asking = "", False, True
        self._note_dialog("asking")

    @handler("users.manage")
    async def cancel(self) -> None:
        """Closes the confirmation on Cancel, Esc or a click outside, unless the action is already running."""
        self.asking = self.act_busy

    @handler("users.manage")
    async def confirm(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        """Runs the confirmed action. A refusal stays in the dialog."""
        if not self.asking:
            return
        self._require_url()
        self.act_busy, self.act_error, self.owner_error = True, "", ""
        yield
        try:
            events = await self._carry_out()
            self.asking = False
        except AppError as error:
            self.owner_error, events = self._refuse_person(error.field_details, TRANSFER_TO), None
            self.act_error = "" if self.owner_error else error.detail
        finally:
            self.act_busy = False
        yield events

    async def _carry_out(self) -> Events:
        if self.act == "delete":
            return await self._delete(self._act_id)
        return await self._change(self.act, self._act_id)

    async def _change(self, act: str, user_id: int) -> Events:
        async with transaction() as session:
            data = UserUpdate.model_validate(ACTS[act].changes)
            user = await users.update_user(session, self._as_actor(), user_id, data)
        self._toast(_(ACTS[act].done, name=user.username))
        return reload_of(self)

    async def _delete(self, user_id: int) -> Events:
        user = await self._user(user_id)
        async with transaction() as session:
            await users.delete_user(session, self._as_actor(), user_id, self._new_owner_id())
        undo = UsersState.undo_rows(RESTORE.key, [user_id])
        self._toast(_("{username} moved to trash", username=user.username), undo=undo)
        is_on_their_page = record_id(self.router_data, routes.USERS) == user_id
        return rx.redirect(routes.USERS) if is_on_their_page else reload_of(self)

    @handler("users.manage")
    async def activate(self, user_id: int) -> Events:
        require_person(self, user_id)
        return await self._change("activate", user_id)

    async def _owned(self, user_id: int) -> int:
        """Returns how many projects the users own. Projects in the trash count, because they need an owner too."""
        actor = self._as_actor()
        async with reading() as session:
            at_work = await projects.list_projects(session, actor, ProjectQuery(owner_id=[user_id], limit=1))
            in_trash = await projects.list_projects(
                session, actor, ProjectQuery(owner_id=[user_id], limit=1, deleted=True)
            )
        return at_work.total + in_trash.total

    async def _user(self, user_id: int) -> UserRead:
        async with reading() as session:
            return await users.get_user(session, self._as_actor(), user_id)
