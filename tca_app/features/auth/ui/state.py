"""State of the account pages: whether setup is open, and the forms of the settings."""

from collections.abc import AsyncGenerator
from typing import Any

import reflex as rx
from pydantic import TypeAdapter, ValidationError

from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import Invalid, Stale
from tca_app.core.language.messages import N_, _
from tca_app.core.urls import is_local_path
from tca_app.features.auth import setup
from tca_app.features.auth.oauth.identities import ways_to_sign_in
from tca_app.features.auth.oauth.identity import REASONS
from tca_app.features.auth.oauth.providers import StartLink, providers
from tca_app.features.auth.schemas import Token
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserRead, UserUpdate
from tca_app.ui import routes
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import CALL, Events, handler
from tca_app.ui.session import SessionState
from tca_app.ui.url import query_param

TABS = ("profile", "password", "sessions", "two-factor", "tokens", "appearance")
TABS_WHILE_ACTING = ("profile", "appearance")  # nothing that concerns credentials
NOTICES = {"account_deleted": N_("Your account was deleted.")}  # what a URL of the sign-in page may ask to say
ONE_TIME_TOKEN = TypeAdapter(Token)
PROFILE_LABELS = {"full_name": N_("Full name"), "email": N_("Email")}


def local_path(text: str) -> str:
    """Returns the path if it is one of this site, else the dashboard: `//host` and the like lead elsewhere."""
    return text if is_local_path(text) else routes.DASHBOARD


class AuthState(SessionState):
    """State of the pages that need no sign-in."""

    needs_setup: bool = False
    setup_phase: str = ""  # "" unknown, open, closed, incomplete
    link_is_incomplete: bool = False  # the URL of the page has no token, or a part of one
    mail: str = ""  # "" unknown, on, files (development without SMTP_URL), off
    sign_in_links: list[StartLink] = []  # GitHub and the OpenID Connect provider, if they are configured
    sign_in_error: str = ""  # why the last sign-in at one of them was refused
    sign_in_notice: str = ""

    @handler("public")
    async def enter_login(self) -> Events:
        """Redirects a signed-in user to the requested page."""
        if CALL.get().actor is not None:
            return rx.redirect(local_path(query_param(self.router_data, "next")), replace=True)
        wanted = query_param(self.router_data, "next")
        self.sign_in_links = [provider.link("sign_in", wanted) for provider in providers()]
        self.sign_in_error = _(REASONS.get(query_param(self.router_data, "reason"), ""))
        self.sign_in_notice = _(NOTICES.get(query_param(self.router_data, "notice"), ""))
        self.needs_setup = await _is_setup_open()
        return None

    @handler("public")
    async def enter_setup(self) -> None:
        is_open = await _is_setup_open()
        self.setup_phase = "closed" if not is_open else "open" if self._has_token() else "incomplete"

    @handler("public")
    async def enter_link(self) -> None:
        self.link_is_incomplete = not self._has_token()

    def _has_token(self) -> bool:
        """Returns whether the URL has something that can be a token."""
        try:
            ONE_TIME_TOKEN.validate_python(query_param(self.router_data, "token"))
        except ValidationError:
            return False
        return True

    @handler("public")
    async def enter_change_password(self) -> Events:
        """Leads everybody away who needs no new password: to their settings, or to the sign-in page."""
        actor = CALL.get().actor
        if actor is None:
            return self._to_login()
        return None if actor.must_change_password else rx.redirect(f"{routes.SETTINGS}?tab=password", replace=True)

    @handler("public")
    async def enter_forgot(self) -> None:
        settings = get_settings()
        is_on = settings.smtp_url.get_secret_value() != ""
        self.mail = ("on" if is_on else "files") if settings.has_mail else "off"


async def _is_setup_open() -> bool:
    async with reading() as session:
        return await setup.setup_open(session)


class SettingsState(SessionState):
    """State of the settings: the tab that the URL names."""

    tab: str = TABS[0]

    @handler("signed_in")
    async def load(self) -> None:
        wanted = query_param(self.router_data, "tab")
        self.tab = wanted if wanted in (TABS_WHILE_ACTING if self._as_actor().acting_id else TABS) else TABS[0]


class ProfileState(FormState, SessionState):
    """State of the form for your own name and email address."""

    created_at: str = ""
    pending_email: str = ""

    @handler("signed_in")
    async def load(self) -> None:
        self._open(await self._read())

    async def _read(self) -> UserRead:
        actor = self._as_actor()
        async with reading() as session:
            return await users.get_user(session, actor, actor.user_id)

    def _open(self, user: UserRead) -> None:
        self.created_at, self.pending_email = user.created_at.isoformat(), user.pending_email
        self._open_form("edit", self._values(user), row_id=user.id, version=user.version)

    def _values(self, user: UserRead) -> dict[str, str]:
        """Without the address for an administrator who acts as the user: it stays the user's own."""
        own = {} if self._as_actor().acting_id else {"email": user.email, "current_password": ""}
        return {"full_name": user.full_name, **own}

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            try:
                saved = await self._update(values)
                self._close_form()
                self._open(saved)
                waits = _(
                    "Profile saved. Open the link that we sent to {pending_email}.", pending_email=saved.pending_email
                )
                self._toast(waits if saved.pending_email else _("Profile saved"))
            except Stale as stale:
                user = await self._read()
                self._ask_to_merge(self._values(user), stale, version=user.version, labels=PROFILE_LABELS)

    def _opener(self, mode: str, row_id: int) -> Any:
        return ProfileState.load

    async def _update(self, values: dict[str, str]) -> UserRead:
        actor = self._as_actor()
        data = UserUpdate.model_validate(
            {name: value for name, value in values.items() if value or name != "current_password"}
        )
        async with transaction() as session:
            return await users.update_user(session, actor, actor.user_id, data, if_version=self.form_version)


class PasswordState(FormState, SessionState):
    """State of the form for your own password, or for the first one of someone who signs in at a provider."""

    has_password: bool = True

    @handler("signed_in")
    async def load(self) -> None:
        actor = self._as_actor()
        if actor.acting_id:
            return
        async with reading() as session:
            self.has_password = (await ways_to_sign_in(session, actor)).has_password
        self._open_form("edit", {"current_password": "", "password": "", "repeated": ""})

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            if values["password"] != values["repeated"]:
                raise Invalid.at("repeated", _("The passwords do not match."))
            data = UserUpdate(password=values["password"])
            if values["current_password"]:
                data = UserUpdate(password=values["password"], current_password=values["current_password"])
            actor = self._as_actor()
            async with transaction() as session:
                await users.update_user(session, actor, actor.user_id, data)
            self._open_form("edit", dict.fromkeys(values, ""))
            self.has_password = True
            self._toast(_("Password changed. Your other sessions are signed out."))
