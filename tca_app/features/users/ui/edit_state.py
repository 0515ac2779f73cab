"""State of the user forms: create, edit, and a new password set by an administrator."""

from collections.abc import AsyncGenerator
from typing import Any

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import Conflict, Stale
from tca_app.core.language.messages import N_, _
from tca_app.features.idempotency.service import once
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserCreate, UserRead, UserUpdate
from tca_app.features.users.ui.detail_state import reload_of, require_person
from tca_app.ui import routes
from tca_app.ui.forms.state import SECRETS, FormState
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState

LABELS = {"email": N_("Email"), "username": N_("Username"), "full_name": N_("Full name")}
NEW = {"email": "", "username": "", "full_name": "", "password": "", "must_change_password": "on", "is_superuser": ""}


_PASSWORD = {"password": "", "must_change_password": "on"}


def _with_ticks(values: dict[str, str]) -> dict[str, Any]:
    """Returns the values with those of check boxes as yes or no."""
    ticks = {name: values[name] == "on" for name in ("must_change_password", "is_superuser") if name in values}
    return values | ticks


class UserFormState(FormState, SessionState):
    """The state of one dialog for all three forms. It shows the fields that it was opened with."""

    # Kept apart from `form_mode`, so that a closing dialog keeps its text.
    form_title: str = ""
    form_text: str = ""
    form_submit: str = ""

    def _show_form(self, mode: str, title: str, text: str, submit: str, values: dict[str, str], **row: Any) -> None:
        self.form_title, self.form_text, self.form_submit = title, text, submit
        self._open_form(mode, values, **row)

    @handler("users.manage")
    async def open_create(self) -> None:
        self._show_form(
            "create", _("New user"), _("They can sign in immediately with this password."), _("Create"), dict(NEW)
        )

    @handler("signed_in")
    async def open_edit(self, user_id: int) -> None:
        """Opens the form for your own account, or for any account as an administrator."""
        require_person(self, user_id)
        user = await self._user(user_id)
        values = self._values(user)
        self._show_form(
            "edit",
            _("Edit {full_name}", full_name=user.full_name or user.username),
            "",
            _("Save"),
            values,
            row_id=user.id,
            version=user.version,
        )

    @handler("users.manage")
    async def open_password(self, user_id: int) -> None:
        require_person(self, user_id)
        user = await self._user(user_id)
        if user_id == self.user_id:
            raise Conflict(_("Change your own password in Settings."))
        text = _("{username} is signed out everywhere and must sign in with the new password.", username=user.username)
        self._show_form(
            "password",
            _("Set password for {username}", username=user.username),
            text,
            _("Save"),
            dict(_PASSWORD),
            row_id=user.id,
        )

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        """Saves the open form. The service checks the permission."""
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            try:
                is_new = self.form_mode == "create"
                done, url = await self._create(values) if is_new else (await self._update(values), "")
            except Stale as stale:
                await self._merge(stale)
                return
            self._close_form()
            self._toast(done, url=url)
            yield reload_of(self)

    async def _create(self, values: dict[str, str]) -> tuple[str, str]:
        """Returns what the toast says, and the page of the new user."""
        data = UserCreate(**_with_ticks(values))
        actor, key = self._as_actor(), self.form_key
        async with transaction() as session:
            user = await once(
                session,
                actor,
                key,
                f"new user\n{data.model_dump_json()}",
                UserRead,
                lambda: users.create_user(session, actor, data),
                lambda made: users.get_user(session, actor, made.id),
            )
        return _("User {username} created", username=user.username), routes.user(user.id)

    async def _update(self, values: dict[str, str]) -> str:
        given = {name: value for name, value in values.items() if value or name not in SECRETS}
        data = UserUpdate(**_with_ticks(given))
        version = self.form_version or None
        async with transaction() as session:
            user = await users.update_user(session, self._as_actor(), self.form_id, data, if_version=version)
        return (
            _("Password set for {username}", username=user.username)
            if self.form_mode == "password"
            else _("User {username} saved", username=user.username)
        )

    async def _merge(self, stale: Stale) -> None:
        user = await self._user(self.form_id)
        saved = {name: value for name, value in self._values(user).items() if name not in SECRETS}
        self._ask_to_merge(saved, stale, version=user.version, labels=LABELS)

    async def _user(self, user_id: int) -> UserRead:
        async with reading() as session:
            return await users.get_user(session, self._as_actor(), user_id)

    def _values(self, user: UserRead) -> dict[str, str]:
        """Returns the fields that the viewer may change. Your own account also needs the current password."""
        values = {"email": user.email, "full_name": user.full_name}
        if self._as_actor().is_superuser:
            values["username"] = user.username
        if user.id == self._as_actor().user_id:
            values["current_password"] = ""
        return values
