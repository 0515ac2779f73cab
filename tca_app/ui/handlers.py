"""The decorator of every event handler: its permission, the validation of its arguments, its errors."""

import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import reflex as rx
import structlog
from reflex.event import Event, EventSpec
from reflex_base.registry import RegistrationContext

from tca_app.core.actor import Actor
from tca_app.core.errors import AppError, BadRequest
from tca_app.core.language.messages import _
from tca_app.core.telemetry.error_reporting import report
from tca_app.core.telemetry.metrics import watch_handler
from tca_app.core.telemetry.tracing import fail_span
from tca_app.features.auth.step_up import refused_var
from tca_app.ui.arguments import Arguments, arguments_of
from tca_app.ui.websocket.sockets import holds_token

log = structlog.get_logger(__name__)
PERMISSION_MARK = "__tca_permission__"
# The permissions of handlers. They allow an event at all; the service, which the UI and REST share, checks the
# permission on the individual user or project.
PERMISSIONS: dict[str, Callable[[Actor | None], bool]] = {
    "public": lambda actor: True,
    "signed_in": lambda actor: actor is not None,
    "second_factor.setup": lambda actor: actor is not None,  # also for those who may do nothing else yet
    "users.manage": lambda actor: actor is not None and actor.is_superuser,
    "webhooks.manage": lambda actor: actor is not None and actor.is_superuser,
    "groups.manage": lambda actor: actor is not None and actor.is_superuser,
    "instance.manage": lambda actor: actor is not None and actor.is_superuser,
    "jobs.manage": lambda actor: actor is not None and actor.is_superuser,
    "tokens.manage": lambda actor: actor is not None and actor.is_superuser,
}
# Reflex's own handlers that Gate allows without a permission, each with its reason.
INTERNAL_HANDLERS: dict[str, str] = {
    "reflex___state____state.hydrate": "first snapshot; Gate has bound or emptied the state before it runs",
    "reflex___state____state.hydrate_and_load": "the same, sent by the browser at each (re)connection",
    "reflex___state____state.reflex___state____on_load_internal_state.on_load_internal": (
        "only queues the page's on_load handlers, each of which passes Gate itself"
    ),
    "reflex___state____state.reflex___state____on_load_internal_state.set_is_hydrated": "ends a page load; no data",
    "reflex___state____state.reflex___state____frontend_event_exception_state.handle_frontend_exception": (
        "logs an error of the browser; Gate bounds its size"
    ),
}
# Reflex's own handlers that the console does not use, so Gate refuses them: setters of single vars, the entry point
# of browser-storage vars (the console has none), and a second setter of the hydrated flag.
REFUSED_HANDLERS = (".setvar", ".update_vars_internal", "state____state.set_is_hydrated")


@dataclass(frozen=True, slots=True)
class Call:
    """The running event, with its user and request id, which Gate resolved from the database for this event."""

    actor: Actor | None
    request_id: str
    event: Event | None = None


# What a handler may return: the events to run next.
Events: TypeAlias = EventSpec | Callable[..., Any] | list[Any] | None

NOBODY = Call(None, "")
CALL: ContextVar[Call] = ContextVar("tca_ui_call", default=NOBODY)


def handler(permission: str, *, supersedes: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Turns an async method of a state into an event handler that requires `permission`.

    Arguments are checked strictly against their annotations: a dict for a `str` is refused, and so are unknown
    arguments, text over 10,000 characters or with NUL, and numbers that are not finite. An AppError becomes a toast
    with its detail, any other error a neutral toast with the request id from the log. `supersedes` cancels the same
    event of the same tab if it still runs, so that the newest result wins.

    There is no background handler on purpose: it could outlive its tab and write into a state that Gate has given to
    someone else. If you need one, compare `_session_id` inside each `async with self`.
    """
    if permission not in PERMISSIONS:
        raise ValueError(f"no such permission: {permission}")

    def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
        checked = Arguments(fn)
        if inspect.isasyncgenfunction(fn):
            guarded = _guard_generator(fn, checked)
        elif inspect.iscoroutinefunction(fn):
            guarded = _guard_coroutine(fn, checked)
        else:
            raise TypeError(f"{fn.__qualname__} must be async: a plain function would block every other session")
        setattr(guarded, PERMISSION_MARK, permission)
        # Reflex declares the class of its decorator here, not what the decorator returns.
        return cast("Callable[..., Any]", rx.event(guarded, supersedes=supersedes))

    return decorate


def set_permission(fn: Callable[..., Any], permission: str) -> None:
    """Sets the permission of a handler that a state has from a mixin."""
    if permission not in PERMISSIONS:
        raise ValueError(f"no such permission: {permission}")
    setattr(fn, PERMISSION_MARK, permission)


def _guard_coroutine(fn: Callable[..., Awaitable[Any]], checked: Arguments) -> Callable[..., Any]:
    @functools.wraps(fn)
    async def guarded(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        refused_var.set(False)
        with watch_handler(fn.__qualname__) as watched:
            try:
                events = await fn(self, **checked.of(args, kwargs))
            except Exception as error:
                watched.outcome = "refused" if isinstance(error, AppError) else "failed"
                events = await _show_error(self, fn, error)
            await _ask_for_proof(self)
            return events if _may_answer(self) else None

    return guarded


def _guard_generator(fn: Callable[..., AsyncGenerator[Any, None]], checked: Arguments) -> Callable[..., Any]:
    @functools.wraps(fn)
    async def guarded(self: Any, /, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        refused_var.set(False)
        with watch_handler(fn.__qualname__) as watched:
            try:
                async for events in fn(self, **checked.of(args, kwargs)):
                    if not _may_answer(self):
                        return
                    yield events
            except Exception as error:
                watched.outcome = "refused" if isinstance(error, AppError) else "failed"
                events = await _show_error(self, fn, error)
                if _may_answer(self):
                    yield events
            await _ask_for_proof(self)
            _may_answer(self)

    return guarded


def _may_answer(state: Any) -> bool:
    """Returns whether the tab may get the response. If another socket has its client token, drops the response."""
    if holds_token(RegistrationContext.get().app, state.router_data):
        return True
    state._get_root_state()._clean()
    return False


async def _show_error(state: Any, fn: Callable[..., Any], error: Exception) -> Any:
    """Shows an error to the user and, unless it is a refusal, logs it."""
    call = CALL.get()
    if isinstance(error, AppError):
        text = error.detail
    else:
        log.exception("ui.handler_failed", handler=fn.__qualname__, request_id=call.request_id)
        report(error, "ui", fn.__qualname__)
        fail_span(type(error).__name__)
        text = unexpected_error()
    return await _Display.show_error(state, text, error)


async def _ask_for_proof(state: Any) -> None:
    """Asks for the password after a refusal for lack of a recent proof, whatever the handler did with the error."""
    if refused_var.get():
        await _Display.ask_for_proof(state)


class _Display:
    """Functions that show something to the user. `ui.session` registers them here, as it imports this module."""

    show_error: Callable[[Any, str, Exception], Awaitable[Any]]
    ask_for_proof: Callable[[Any], Awaitable[None]]


def unexpected_error() -> str:
    """Returns what the user is shown for an error that is not an AppError. The request id is in the log."""
    return _(
        "Something went wrong. Quote {request_id} when you report it.", request_id=CALL.get().request_id or "the time"
    )


def display_with(
    show_error: Callable[[Any, str, Exception], Awaitable[Any]], ask_for_proof: Callable[[Any], Awaitable[None]]
) -> None:
    """Registers the function that shows errors of handlers, which may return an event, such as a redirect, and the
    one that asks for a proof of identity."""
    _Display.show_error = staticmethod(show_error)
    _Display.ask_for_proof = staticmethod(ask_for_proof)


def permission_of(event_name: str) -> str | None:
    """Returns the permission of a registered handler. A handler without one (None) must be refused."""
    found = RegistrationContext.get().event_handlers.get(event_name)
    return getattr(found.handler.fn, PERMISSION_MARK, None) if found else None


def is_sent_by_pages(handlers: Mapping[str, Any], event_name: str, payload: Any) -> bool:
    """Returns whether an event is well formed and names a registered handler that pages may call.

    The console's handlers check their arguments when they run. Reflex's own would raise on unknown ones.
    """
    found = handlers.get(event_name)
    if found is None or not isinstance(payload, dict):
        return False
    if event_name not in INTERNAL_HANDLERS:
        return hasattr(found.handler.fn, PERMISSION_MARK)
    if payload.get("vars"):  # the console stores no var in the browser
        return False
    try:
        arguments_of(found.handler.fn).of((), payload)
    except BadRequest:
        return False
    return True


def handler_name(event_name: str) -> str:
    """Returns the name of a registered handler in metrics, and one short name for all others."""
    found = RegistrationContext.get().event_handlers.get(event_name)
    return found.handler.fn.__qualname__ if found else "unknown"


def unguarded_handlers() -> list[str]:
    """Returns registered handlers without a permission. Gate refuses them, and a test expects none."""
    return sorted(
        name
        for name in RegistrationContext.get().event_handlers
        if permission_of(name) is None and name not in INTERNAL_HANDLERS and not name.endswith(REFUSED_HANDLERS)
    )
