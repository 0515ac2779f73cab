"""Live updates: what a tab shows is reloaded, through Gate and its own handler, when somebody changed it.

A state subscribes in its load handler: `self._watch(UsersState.load, "users")`. PostgreSQL notifies every process of
each change at its commit (docs/decisions/0017), so this works across replicas and without Redis. A notification carries
no data: the handler calls the service, which checks whether the user may still see it.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

import structlog
from reflex.event import Event
from reflex_base.registry import RegistrationContext
from reflex_base.utils.format import format_event_handler

from tca_app.core.cache.local import subscribe
from tca_app.core.live.subscriptions import SCREEN_PRIORITY, ThrottledSubscriptions
from tca_app.ui.url import page_path
from tca_app.ui.websocket.sockets import socket_of

log = structlog.get_logger(__name__)

# With many screens, the first are done while the last still wait. If all ran at once, each would be done about when
# the last one is: with a hundred screens that doubles the time until half of them are up to date.
AT_ONCE = 4
WAIT_S = 1.0  # a slower screen does not delay the others


@dataclass(frozen=True, slots=True)
class Screen:
    """A subscription of a tab: its socket, the client token of its state, and the handler that reloads it."""

    socket_id: str
    token: str
    event: str


class LiveScreens:
    """The subscriptions of this process. They end when the tab goes to another page or closes."""

    def __init__(self) -> None:
        self._subscriptions: ThrottledSubscriptions[Screen] = ThrottledSubscriptions(self._reload_later)
        self._tabs: dict[str, dict[str, Any]] = {}  # maps a socket to the location in its last event
        self._waiting: dict[Screen, None] = {}  # in the order in which they are reloaded
        self._reloaders: set[asyncio.Task[Any]] = set()
        self._reloading: Counter[Screen] = Counter()

    def __len__(self) -> int:
        return len(self._subscriptions)

    def watch(self, router_data: dict[str, Any], handler: Any, topics: tuple[str, ...]) -> None:
        """Subscribes a tab: it runs `handler` when one of the topics changes."""
        socket_id, token = router_data.get("sid", ""), router_data.get("token", "")
        if socket_id and token:
            self._tabs.setdefault(socket_id, router_data)
            self._subscriptions.listen(Screen(socket_id, token, format_event_handler(handler)), topics)

    def moved(self, router_data: dict[str, Any]) -> None:
        """Handles an event of a tab. If the tab is on another page by now, its subscriptions end."""
        socket_id = router_data.get("sid", "")
        if socket_id not in self._tabs:
            return
        if page_path(self._tabs[socket_id]) != page_path(router_data):
            self.forget(socket_id)
        else:
            self._tabs[socket_id] = router_data

    def forget(self, socket_id: str) -> None:
        self._tabs.pop(socket_id, None)
        for screen in self._subscriptions.listeners():
            if screen.socket_id == socket_id:
                self._subscriptions.leave(screen)

    def keep_only(self, open_now: set[str]) -> None:
        """Drops the subscriptions of closed sockets."""
        for socket_id in set(self._tabs) - open_now:
            self.forget(socket_id)

    def is_watching(self, socket_id: str, topic: str | None = None) -> bool:
        """Returns whether this tab has a subscription to `topic`, or any at all."""
        if topic is None:
            return socket_id in self._tabs
        return any(screen.socket_id == socket_id for screen in self._subscriptions.listeners_of(topic))

    def is_server_reload(self, router_data: dict[str, Any], event_name: str) -> bool:
        """Returns whether this event is a reload by the server, which must not count as use of the session."""
        return self._reloading[Screen(router_data.get("sid", ""), router_data.get("token", ""), event_name)] > 0

    def notify(self, topic: str) -> None:
        self._subscriptions.publish(topic)

    def _reload_later(self, screen: Screen) -> None:
        self._waiting[screen] = None
        if len(self._reloaders) < AT_ONCE:
            self._reloaders.add(asyncio.create_task(self._reload_waiting()))

    async def _reload_waiting(self) -> None:
        try:
            with SCREEN_PRIORITY.reading():
                while self._waiting:
                    screen = next(iter(self._waiting))
                    del self._waiting[screen]
                    await self._reload(screen)
        finally:
            # Immediately, not when the task is seen to be done: a screen added in between would have no reader.
            self._reloaders.discard(cast("asyncio.Task[Any]", asyncio.current_task()))

    async def _reload(self, screen: Screen) -> None:
        self._reloading[screen] += 1
        reading = await _enqueue(screen, self._tabs.get(screen.socket_id, {}))
        if reading is None:
            self._end_reload(screen)
        else:
            reading.add_done_callback(lambda _: self._end_reload(screen))
            await asyncio.wait({reading}, timeout=WAIT_S)

    def _end_reload(self, screen: Screen) -> None:
        self._reloading -= Counter([screen])  # counters at zero are dropped


async def _enqueue(screen: Screen, router_data: dict[str, Any]) -> asyncio.Future[Any] | None:
    """Enqueues the event with the tab's location and cookie, like the browser, as Redis may have lost the state.
    Returns None when the tab is gone."""
    app = RegistrationContext.get().app
    if socket_of(app, screen.token) != screen.socket_id:
        return None  # the tab is gone, or another socket has its token by now
    try:
        return await app.event_processor.enqueue(screen.token, Event(name=screen.event, router_data=dict(router_data)))
    except Exception:
        # One tab that cannot be reloaded must not stop the others; its next load is up to date again.
        log.exception("ui.reload_failed", handler=screen.event)
        return None


LIVE = LiveScreens()


async def listen_for_changes() -> None:
    """The lifespan task that passes change notifications of this process to its screens."""
    end = subscribe(LIVE.notify)
    try:
        await asyncio.Event().wait()
    finally:
        end()
