"""Installs the gate, the session watchdog and the error handling in a Reflex app."""

import reflex as rx
import structlog
from reflex.state import FrontendEventExceptionState
from reflex.utils.token_manager import RedisTokenManager

from tca_app.core.telemetry.error_reporting import report
from tca_app.core.telemetry.metrics import SCREENS, SOCKETS
from tca_app.ui.gate import Gate
from tca_app.ui.handlers import CALL
from tca_app.ui.websocket.live import LIVE, listen_for_changes
from tca_app.ui.websocket.session_watchdog import watch_sessions
from tca_app.ui.websocket.states import StatesUnreachable, bounded, notify_unserved, share_states
from tca_app.ui.websocket.tokens import Tokens

log = structlog.get_logger(__name__)


def install(app: rx.App) -> None:
    """Installs everything before the app serves. Gate comes first, so that no other middleware can bypass it."""
    app.add_middleware(Gate(), index=0)
    app.register_lifespan_task(watch_sessions)
    app.register_lifespan_task(listen_for_changes)
    share_states(app)
    _share_tokens(app)
    app.backend_exception_handler = _backend_error
    app.frontend_exception_handler = _browser_error
    SOCKETS.set_function(lambda: len(app.event_namespace.sid_to_token) if app.event_namespace else 0)
    SCREENS.set_function(lambda: len(LIVE))
    # Reflex would respond to some of these with a script to evaluate, which the CSP refuses.
    FrontendEventExceptionState.auto_reload_on_errors = []


def _share_tokens(app: rx.App) -> None:
    """Installs the console's token manager when the states are in Redis."""
    sockets = app.event_namespace
    if sockets is not None and isinstance(sockets._token_manager, RedisTokenManager):
        sockets._token_manager = Tokens(bounded(sockets._token_manager.redis))


def _backend_error(exception: Exception) -> None:
    """Reports an error that no handler caught, between Reflex and the console. The page stays as it is."""
    if isinstance(exception, StatesUnreachable):
        notify_unserved(exception)
        return
    log.error("ui.event_failed", request_id=CALL.get().request_id, exc_info=exception)
    report(exception, "ui", "event")


def _browser_error(exception: Exception) -> None:
    log.warning("ui.browser_error", error=str(exception)[:2000])
