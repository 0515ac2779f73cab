"""Session watchdog: checks the sessions of all open sockets every second and blanks tabs of revoked ones."""

import asyncio
from time import monotonic
from typing import Any

import reflex as rx
import structlog
from reflex.event import Event
from reflex.istate.manager.redis import StateManagerRedis
from reflex.istate.manager.token import BaseStateToken
from reflex.state import State, StateUpdate
from reflex_base.registry import RegistrationContext

from tca_app.core.cache.local import seconds_disconnected
from tca_app.core.cache.redis import redis_is_unreachable
from tca_app.core.database.session import reading
from tca_app.core.errors import Unavailable
from tca_app.features.auth import service as auth
from tca_app.ui.gate import REHYDRATE, pushed
from tca_app.ui.session import to_login
from tca_app.ui.websocket.live import LIVE
from tca_app.ui.websocket.sockets import OPEN_SOCKETS, OpenSocket, namespace_of

log = structlog.get_logger(__name__)

EVERY_S = 1.0
GRACE_S = 3.0  # of silence from PostgreSQL; with the query's own 1 s limit a dead session shows for under 5 s
ANSWER_WITHIN_S = 1.0
STALE_AFTER_S = 2.0
WELL = {"is_stale": False, "is_degraded": False}  # the state of a new tab


async def watch_sessions() -> None:
    """The lifespan task of the watchdog, one per process."""
    watch = SessionWatch(RegistrationContext.get().app)
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            await watch.once()
        except Exception:
            # The watchdog must survive any error: without it a revoked tab would stay open until its next event.
            log.exception("ui.watch_failed")


class SessionWatch:
    """The state of the watchdog between two rounds."""

    def __init__(self, app: rx.App) -> None:
        self.app = app
        self.answered_at = monotonic()
        self.blanked: set[str] = set()
        self.shown: dict[str, dict[str, bool]] = {}  # maps a socket to the condition that its header shows
        self.asking: asyncio.Task[dict[int, int]] | None = None

    async def once(self) -> None:
        """Runs one round: drops closed sockets, cuts off dead sessions, blanks all tabs if PostgreSQL is silent."""
        OPEN_SOCKETS.forget_closed(namespace_of(self.app).sid_to_token)
        sockets = OPEN_SOCKETS.all()
        LIVE.keep_only({socket.socket_id for socket in sockets})
        await self._show_condition(sockets)
        self.blanked &= {socket.socket_id for socket in sockets}
        if not sockets and not OPEN_SOCKETS.has_unserved:
            self.answered_at = monotonic()
            return
        alive = await self._ask(sockets)
        if alive is None:
            await self._silent(sockets)
            return
        self.answered_at = monotonic()
        dead = [socket for socket in sockets if socket.session_id not in alive]
        await asyncio.gather(*(self._cut(socket) for socket in dead))
        kept = [socket for socket in sockets if socket.session_id in alive]
        self.blanked |= {socket.socket_id for socket in kept if socket.acting_for != alive[socket.session_id]}
        await self._restore(kept)

    async def _show_condition(self, sockets: list[OpenSocket]) -> None:
        """Shows in every tab when live updates are paused or Redis is unreachable, and when that has ended."""
        now = {"is_stale": seconds_disconnected() > STALE_AFTER_S, "is_degraded": redis_is_unreachable()}
        for socket in sockets:
            if self.shown.get(socket.socket_id, WELL) != now:
                await self._send(socket, StateUpdate(delta=pushed(**now)))
        self.shown = {socket.socket_id: now for socket in sockets}

    async def _ask(self, sockets: list[OpenSocket]) -> dict[int, int] | None:
        """Returns what `live_sessions` returns, or None when PostgreSQL does not respond in time.

        Cancelling a query of a server that hangs takes many seconds itself. Nothing waits for that, and no second
        query starts before the first one has ended.
        """
        if self.asking is None or self.asking.done():
            self.asking = asyncio.create_task(_alive(sockets))
            await asyncio.wait({self.asking}, timeout=ANSWER_WITHIN_S)
        if not self.asking.done():
            self.asking.cancel()
            return None
        if self.asking.cancelled() or isinstance(self.asking.exception(), Unavailable | OSError):
            return None
        return self.asking.result()

    async def _silent(self, sockets: list[OpenSocket]) -> None:
        """Blanks all tabs after a grace period without a response from PostgreSQL, because no permissions are known."""
        if monotonic() - self.answered_at < GRACE_S:
            return
        fresh = [socket for socket in sockets if socket.socket_id not in self.blanked]
        if fresh:
            log.error("ui.watch_has_no_database", sockets=len(fresh))
            update = StateUpdate(delta=blank(outage=True))
        for socket in fresh:
            await self._send(socket, update)
            self.blanked.add(socket.socket_id)

    async def _restore(self, sockets: list[OpenSocket]) -> None:
        """Reloads pages through Gate: those that were blanked or could not be loaded, once the stores are back, and
        those of an administrator who began or stopped to act as another user."""
        loads: dict[str, dict[str, Any]] = {}
        for socket in sockets:
            if socket.socket_id in self.blanked:
                self.blanked.discard(socket.socket_id)
                loads[socket.token] = {}
        if not (redis_is_unreachable() and isinstance(self.app.state_manager, StateManagerRedis)):
            loads |= OPEN_SOCKETS.take_unserved()
        for token, router_data in loads.items():
            await self.app.event_processor.enqueue(token, Event(name=REHYDRATE, router_data=router_data))

    async def _cut(self, socket: OpenSocket) -> None:
        """Blanks the tab, redirects it to the sign-in page, closes its socket and resets its state."""
        log.info("ui.session_cut", session_id=socket.session_id)
        OPEN_SOCKETS.forget(socket.socket_id)
        LIVE.forget(socket.socket_id)
        events = Event.from_event_type(to_login(socket.url))
        await self._send(socket, StateUpdate(delta=blank(), events=events))
        if self.app.sio:
            await self.app.sio.disconnect(socket.socket_id, namespace=namespace_of(self.app).namespace)
        async with self.app.state_manager.modify_state(BaseStateToken(ident=socket.token, cls=State)) as state:
            state.reset()

    async def _send(self, socket: OpenSocket, update: StateUpdate) -> None:
        await namespace_of(self.app).emit("event", update, to=socket.socket_id)


async def _alive(sockets: list[OpenSocket]) -> dict[int, int]:
    async with reading() as session:
        return await auth.live_sessions(session, sorted({socket.session_id for socket in sockets}))


def blank(outage: bool = False) -> dict[str, dict[str, Any]]:
    """Returns a delta that resets every var of every state except the root, which has the browser's location."""
    root = State.get_full_name()
    # Reflex's own argument: the checker takes the vars of a state for all that its constructor knows.
    defaults = State(_reflex_internal_init=True).dict(initial=True)  # type: ignore[call-arg]
    delta = {name: values for name, values in defaults.items() if name != root}
    for name, values in pushed(outage=outage).items():
        delta[name] = {**delta.get(name, {}), **values}
    return delta
