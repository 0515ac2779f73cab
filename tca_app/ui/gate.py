"""Gate: checks the identity, the ownership of the state and the permission before every event."""

import asyncio
from collections.abc import Coroutine
from secrets import token_hex
from typing import Any, TypeVar

import reflex as rx
import structlog
from reflex.event import Event
from reflex.state import BaseState, State, StateUpdate
from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext
from reflex_base.utils.format import format_event_handler

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError, Unavailable
from tca_app.core.language.choice import browser_language
from tca_app.core.language.messages import N_, _, speak
from tca_app.core.security.tokens import cookie_in, cookie_name, token_hash
from tca_app.core.telemetry.error_reporting import report
from tca_app.core.telemetry.log import request_id_var, user_id_var
from tca_app.core.telemetry.metrics import note_refused_event
from tca_app.core.telemetry.sampling import SampledLog
from tca_app.core.telemetry.tracing import note_span
from tca_app.features.auth import service as auth
from tca_app.ui import routes
from tca_app.ui.arguments import NOT_UNDERSTOOD
from tca_app.ui.forms.state import hide_forms
from tca_app.ui.handlers import (
    CALL,
    INTERNAL_HANDLERS,
    PERMISSIONS,
    Call,
    handler_name,
    is_sent_by_pages,
    permission_of,
)
from tca_app.ui.session import SessionState, Toast, to_login
from tca_app.ui.websocket.live import LIVE
from tca_app.ui.websocket.sockets import OPEN_SOCKETS, holds_token
from tca_app.ui.zone import format_for_viewer

log = structlog.get_logger(__name__)
sampled = SampledLog(__name__)

HYDRATES = tuple(format_event_handler(State.event_handlers[name]) for name in ("hydrate", "hydrate_and_load"))
REHYDRATE = HYDRATES[1]
NO_ANSWER = N_("The console cannot reach its database. Nothing was changed. Try again in a moment.")
REFUSED = N_("You do not have permission to do this.")
ANSWER_WITHIN_S = 2.0
T = TypeVar("T")
_given_up: set[asyncio.Task[Any]] = set()  # the event loop keeps only weak references to tasks


class Gate(rx.Middleware):
    """Middleware that runs before every event, under the lock of its state. Denies by default.

    A state belongs to the session for which it was hydrated, and to the user whom its administrator acts as, so that
    what a page showed to one never runs as the other. Another session, or none, with the same client token (stolen, or
    left over after a sign-out) gets it only after a reset, and only by one of the two hydrate events: these load the
    whole tree, while with Redis any other event loads only a part, so that a reset would leave the rest.
    """

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:
        if not holds_token(app, state.router_data):
            return StateUpdate()
        request_id = token_hex(8)
        request_id_var.set(request_id)
        user_id_var.set(None)
        CALL.set(Call(None, request_id))
        speak(_language(state.router_data, None))
        note_span(handler_name(event.name), {"tca.request_id": request_id})
        try:
            actor = await _viewer(state.router_data, request_id, _is_use(state.router_data, event))
        except Exception as error:  # fail closed: without a response from the database nobody is signed in
            return _no_answer(state, event, error, request_id)
        CALL.set(Call(actor, request_id, event))
        speak(_language(state.router_data, actor))
        format_for_viewer(state.router_data)
        user_id_var.set(actor.user_id if actor else None)
        session_id = actor.session_id if actor else 0
        acting_for = actor.user_id if actor and actor.acting_id else 0
        viewer = await state.get_state(SessionState)
        if (viewer._session_id, viewer._acting_for) != (session_id, acting_for):
            if event.name not in HYDRATES:
                # The snapshot that follows is empty without a session, and its on_load leads to the sign-in page.
                return StateUpdate(events=[Event(name=REHYDRATE)])
            state._get_root_state().reset()
            viewer._session_id, viewer._acting_for = session_id, acting_for
        elif event.name in HYDRATES and viewer.toasts:
            viewer._keep_toasts([])
        if _is_first_load(event):
            viewer._note_reload()
            hide_forms(state._get_root_state())
        viewer._show(actor)
        OPEN_SOCKETS.note(state.router_data, session_id, acting_for)
        LIVE.moved(state.router_data)
        refusal = await _refusal(state, viewer, event, actor)
        if refusal is not None:
            note_refused_event(handler_name(event.name))
        return refusal


def _language(router_data: dict[str, Any], actor: Actor | None) -> str:
    """Returns the language that the person chose, or that of the browser."""
    headers = router_data.get("headers", {})
    of_browser = browser_language(headers.get("cookie", ""), headers.get("accept-language", ""))
    return (actor.language if actor else None) or of_browser


async def _within(seconds: float, asked: Coroutine[Any, Any, T]) -> T:
    """Returns the result or raises Unavailable. Not `wait_for`, which also waits until the driver has cancelled."""
    task = asyncio.create_task(asked)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if done:
        return task.result()
    _given_up.add(task)
    task.add_done_callback(_given_up.discard)
    task.cancel()
    raise Unavailable


def _is_use(router_data: dict[str, Any], event: Event) -> bool:
    """Returns whether a person caused the event. An open tab alone must not keep its session: it reloads after a change
    and reconnects after a break, which only the hashes of a page's first load tell apart."""
    if EventContext.get().parent_txid or LIVE.is_server_reload(router_data, event.name):
        return False  # an event that follows another was counted with that one
    return event.name not in HYDRATES or _is_first_load(event)


def _is_first_load(event: Event) -> bool:
    """Returns whether a page was loaded anew, and not only connected again."""
    return event.name in HYDRATES and isinstance(event.payload, dict) and bool(event.payload.get("hashes"))


async def _viewer(router_data: dict[str, Any], request_id: str, is_use: bool) -> Actor | None:
    """Returns the user of the cookie in this websocket's handshake, resolved for each event."""
    headers = router_data.get("headers", {})
    cookie = cookie_in(headers.get("cookie", ""), cookie_name())
    if not cookie:
        return None
    client = auth.Client(
        ip=str(router_data.get("ip", "")), user_agent=headers.get("user-agent", "")[:300], request_id=request_id
    )
    known = auth.known_browser(cookie, client)
    if known is not None and not (is_use and known.is_stale):
        return known.actor
    return await _within(ANSWER_WITHIN_S, _resolve(cookie, client, is_use))


async def socket_session(cookie: str, client: auth.Client) -> str:
    """Returns a name of the session in a websocket's handshake for the limits on sockets, or "".

    While the database does not respond, each cookie counts by itself, so that all tabs of a company can reconnect.
    """
    if not cookie:
        return ""
    known = auth.known_browser(cookie, client)
    try:
        actor = known.actor if known else await _within(ANSWER_WITHIN_S, _resolve(cookie, client, is_use=False))
    except (Unavailable, OSError):
        return f"cookie {token_hash(cookie).hex()}"
    return f"session {actor.session_id}" if actor else ""


async def _resolve(cookie: str, client: auth.Client, is_use: bool) -> Actor | None:
    async with reading() as session:
        caller = await auth.resolve_browser(session, cookie, client)
    if caller is None:
        return None
    if caller.is_stale and is_use:
        async with transaction() as session:
            if not await auth.touch(session, caller.actor.session_id):
                return None
    return caller.actor


async def _refusal(state: BaseState, viewer: SessionState, event: Event, actor: Actor | None) -> StateUpdate | None:
    """Returns why the event is refused, or None when it may run."""
    if event.name in INTERNAL_HANDLERS:
        handlers = RegistrationContext.get().event_handlers
        return None if is_sent_by_pages(handlers, event.name, event.payload) else StateUpdate()
    permission = permission_of(event.name)
    if permission is None:
        sampled.warning("ui.unguarded_event", event_name=event.name[:200], user_id=viewer.user_id)
        return StateUpdate()
    if actor is not None and actor.must_change_password and permission != "public":
        return StateUpdate(events=Event.from_event_type(rx.redirect(routes.CHANGE_PASSWORD)))
    if actor is not None and actor.lacks_second_factor and permission not in ("public", "second_factor.setup"):
        return _to_second_factor(state)
    if not isinstance(event.payload, dict):
        return await _toasted(state, viewer, _(NOT_UNDERSTOOD))
    if PERMISSIONS[permission](actor):
        return None
    if actor is None:
        return StateUpdate(events=Event.from_event_type(to_login(str(state.router_data.get("asPath", "")))))
    if _is_of_refused_page(state, actor):
        return StateUpdate()
    return await _toasted(state, viewer, _(REFUSED))


def _to_second_factor(state: BaseState) -> StateUpdate:
    """Leads to the page where a second factor is added. A late event of the page before must not load it again."""
    if str(state.router_data.get("pathname", "")).rstrip("/") == routes.ADD_SECOND_FACTOR:
        return StateUpdate()
    return StateUpdate(events=Event.from_event_type(rx.redirect(routes.ADD_SECOND_FACTOR)))


# Maps routes to the permission of their page; filled by `ui.layout.pages.add_pages`.
PAGE_PERMISSIONS: dict[str, str] = {}


def _is_of_refused_page(state: BaseState, actor: Actor) -> bool:
    """Returns whether the page already says "You do not have permission", so that no toast needs to repeat it."""
    permission = PAGE_PERMISSIONS.get(str(state.router_data.get("pathname", "")).strip("/"))
    return permission is not None and not PERMISSIONS[permission](actor)


async def _toasted(state: BaseState, viewer: SessionState, text: str) -> StateUpdate:
    viewer._toast(text, kind="error")
    root = state._get_root_state()
    delta = await root._get_resolved_delta()
    root._clean()
    return StateUpdate(delta=delta)


def _no_answer(state: BaseState, event: Event, error: Exception, request_id: str) -> StateUpdate:
    """The response without a known user. It leaves the state alone and pushes only what every tab may see."""
    if isinstance(error, AppError):
        log.warning("ui.gate_has_no_database", event_name=event.name[:200], request_id=request_id)
        if event.name in HYDRATES:
            OPEN_SOCKETS.note_unserved(state.router_data.get("token", ""), state.router_data)
    else:
        log.exception("ui.gate_failed", event_name=event.name[:200], request_id=request_id)
        report(error, "ui", "Gate")
    if event.name in HYDRATES:
        return StateUpdate(delta=pushed(outage=True))
    toast = Toast(id=request_id[:8], kind="error", text=_(NO_ANSWER), undo=False, url="", at=0.0)
    return StateUpdate(delta=pushed(toasts=[toast]) | settled())


def pushed(**values: Any) -> dict[str, dict[str, Any]]:
    """Returns a delta of SessionState that only the browser gets. The state on the server does not change."""
    return {SessionState.get_full_name(): {f"{name}_rx_state_": value for name, value in values.items()}}


def settled() -> dict[str, dict[str, Any]]:
    """Returns a delta that ends the progress bar, which the browser started when the URL changed."""
    return {State.get_full_name(): {"is_hydrated_rx_state_": True}}
