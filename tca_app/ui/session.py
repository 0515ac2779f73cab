"""The session state of a tab: the viewer, their permissions and their toasts."""

from copy import deepcopy
from time import time
from typing import TYPE_CHECKING, Any, TypedDict
from uuid import uuid4

import reflex as rx
from reflex.event import Event, EventSpec

from tca_app.config.build_name import build_name
from tca_app.config.schema import Settings
from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.core.errors import NotSignedIn, ReauthenticationRequired
from tca_app.core.instance import instance_settings
from tca_app.core.language.messages import language
from tca_app.core.pictures import picture_url
from tca_app.core.plurals import time_left
from tca_app.features.auth.acting import stop_acting
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, face_of
from tca_app.ui.forms.proof import Proof
from tca_app.ui.handlers import CALL, PERMISSIONS, display_with, handler
from tca_app.ui.long_text import shorten_words
from tca_app.ui.open_pages import open_pages
from tca_app.ui.websocket.live import LIVE

BUILT_IN_NAME = str(Settings.model_fields["app_name"].default)  # on the pages until the state says another one
TOAST_LIFE_S = 8.0  # the stylesheet hides a toast after this; the server drops it at the next page or toast
MAX_TOASTS = 4
PASSWORD_MIN_LENGTH = 8


class Toast(TypedDict):
    """`kind` is info, success or error; `url` is that of what was created, or ""."""

    id: str
    kind: str
    text: str
    undo: bool
    url: str
    at: float


class SessionState(Proof, rx.State):
    """Base of every feature's state: `class UsersState(SessionState)`.

    Gate writes it from the database at each event. Nothing in it is ever trusted as identity.
    """

    user_id: int = 0
    username: str = ""
    full_name: str = ""
    picture: str = ""
    is_superuser: bool = False
    time_zone: str = ""  # what the viewer chose, or ""
    locale: str = ""
    grants: list[str] = []
    language: str = ""  # of what the server sends; a page of another one is loaded anew
    chosen_language: str = ""  # by the viewer for all browsers, or "": that of the browser
    toasts: list[Toast] = []
    second_factor_left: str = ""  # how long is left to add the second factor that is required, such as "3 days"
    # Only pushed, by the session watchdog: PostgreSQL does not respond, so nobody's permissions are known.
    outage: bool = False
    # Settings of the instance that differ from what the pages were built with.
    instance_name: str = ""
    logo_url: str = ""
    open_pages: list[str] = []  # what strangers may open beside the console
    password_min_length: int = PASSWORD_MIN_LENGTH
    build: str = ""  # the build of the pages that this process serves; "" under `reflex run`
    is_stale: bool = False  # pushed too: this process receives no change notifications, so pages may be out of date
    is_degraded: bool = False  # pushed too: Redis is unreachable

    # While an administrator acts as this viewer: the administrator's name, and until when.
    acting_name: str = ""
    acting_until: str = ""

    _session_id: int = 0
    _acting_for: int = 0
    _undo: dict[str, tuple[str, dict[str, Any]]] = {}

    @rx.var
    def display_name(self) -> str:
        return self.full_name or self.username

    @rx.var
    def face(self) -> Face:
        return Face(**{**face_of(self.display_name), "picture": self.picture})

    def _as_actor(self) -> Actor:
        """Returns the actor of this event. Raises NotSignedIn."""
        actor = CALL.get().actor
        if actor is None:
            raise NotSignedIn
        return actor

    def _show(self, actor: Actor | None) -> None:
        """Shows this viewer. It assigns only what differs, so an unchanged viewer causes no delta."""
        instance = instance_settings()
        shown = {
            "user_id": actor.user_id if actor else 0,
            "username": actor.username if actor else "",
            "full_name": actor.full_name if actor else "",
            "picture": picture_url(actor.user_id) if actor else "",
            "is_superuser": bool(actor and actor.is_superuser),
            "time_zone": actor.time_zone if actor else "",
            "locale": actor.locale if actor else "",
            "grants": [name for name, rule in PERMISSIONS.items() if rule(actor)] if actor else [],
            "language": language(),
            "chosen_language": (actor.language or "") if actor else "",
            "acting_name": actor.acting_name if actor else "",
            "acting_until": actor.acting_until.isoformat() if actor and actor.acting_until else "",
            "second_factor_left": time_left(actor.second_factor_due if actor else None),
            "instance_name": instance.app_name if instance.app_name != BUILT_IN_NAME else "",
            "logo_url": instance.logo_url,
            "open_pages": open_pages(),
            "build": build_name(),
            "password_min_length": instance.password_min_length,
        }
        for name, value in shown.items():
            if getattr(self, name) != value:
                setattr(self, name, value)

    def _watch(self, handler: Any, *topics: str) -> None:
        """Runs `handler` whenever one of the topics changes, until the viewer leaves the page."""
        LIVE.watch(self.router_data, handler, topics)

    def _toast(self, text: str, kind: str = "success", undo: EventSpec | None = None, url: str = "") -> None:
        """Shows a toast. `undo` is the event of its button "Undo", `url` the page of its link "Open"."""
        at, text = time(), shorten_words(text)
        toast = Toast(id=uuid4().hex[:8], kind=kind, text=text, undo=undo is not None, url=url, at=at)
        if undo is not None:
            event = Event.from_event_type(undo)[0]
            self._undo[toast["id"]] = (event.name, event.payload)
        self._keep_toasts([*self._young_toasts(), toast][-MAX_TOASTS:])

    def _young_toasts(self) -> list[Toast]:
        return [Toast(**toast) for toast in self.toasts if toast["at"] > time() - TOAST_LIFE_S]

    def _keep_toasts(self, toasts: list[Toast]) -> None:
        self.toasts = toasts
        kept = {toast["id"] for toast in toasts}
        for gone in [key for key in self._undo if key not in kept]:
            del self._undo[gone]

    def _to_login(self) -> EventSpec:
        """Redirects to the sign-in page, which returns to the current page."""
        return to_login(str(self.router_data.get("asPath", "")))

    @handler("signed_in")
    async def enter(self) -> None:
        """The first on_load of every page that is not public. Gate redirects here without a session."""
        young = self._young_toasts()
        if len(young) != len(self.toasts):
            self._keep_toasts(young)
        await self._close_left_dialogs()

    @handler("signed_in")
    async def go_home(self) -> EventSpec:
        """The on_load of `/`."""
        return rx.redirect(routes.DASHBOARD, replace=True)

    @handler("public")
    async def dismiss_toast(self, toast_id: str) -> None:
        self._keep_toasts([Toast(**toast) for toast in self.toasts if toast["id"] != toast_id])

    @handler("signed_in")
    async def undo(self, toast_id: str) -> Event | None:
        """Sends the event of the toast. It passes Gate like any other."""
        found = self._undo.get(toast_id)
        self._keep_toasts([Toast(**toast) for toast in self.toasts if toast["id"] != toast_id])
        # A deep copy, because a state returns wrapped values, and a wrapped list is not a list.
        return Event(name=found[0], payload=deepcopy(dict(found[1]))) if found else None

    @handler("signed_in")
    async def stop_acting(self) -> EventSpec:
        """Returns the administrator to their own account, on the page of the user whom they acted as."""
        actor = self._as_actor()
        async with transaction() as session:
            await stop_acting(session, actor)
        return rx.redirect(routes.user(actor.user_id))


if TYPE_CHECKING:
    SessionMixin = SessionState
else:
    SessionMixin = rx.State  # a mixin is listed before SessionState, whose methods it uses


def to_login(here: str) -> EventSpec:
    """Redirects to the sign-in page. `here` comes from the browser: that page accepts only a path of this site."""
    path = here.partition("?")[0].rstrip("/")
    if path in (routes.LOGIN, routes.SECOND_FACTOR):
        return rx.redirect(here)  # a late event of the page before must not drop where it leads
    return rx.redirect(routes.sign_in(here))


async def _show_error(state: rx.State, text: str, error: Exception) -> EventSpec | None:
    session_state = await state.get_state(SessionState)
    if not isinstance(error, ReauthenticationRequired):
        session_state._toast(text, kind="error")
    return session_state._to_login() if isinstance(error, NotSignedIn) else None


async def _ask_for_proof(state: rx.State) -> None:
    session_state = await state.get_state(SessionState)
    await session_state._ask_for_proof()


display_with(_show_error, _ask_for_proof)
