"""The states of the tabs in Redis, for replicas. Without Redis no event can be served, and the tab shows that in time.

Reflex itself has no timeout for Redis and does not notify the browser of a failure: a new page stayed blank, and a
search never ended.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import Any

import redis
import reflex as rx
import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from reflex.event import Event
from reflex.istate.manager.redis import StateManagerRedis
from reflex.state import OnLoadInternalState
from reflex_base.event.context import EventContext
from reflex_base.utils.format import format_event_handler

from tca_app.core.cache.redis import MAX_CONNECTIONS, redis_is_unreachable
from tca_app.core.language.messages import N_, _
from tca_app.ui.gate import HYDRATES, pushed, settled
from tca_app.ui.session import Toast
from tca_app.ui.websocket.sockets import OPEN_SOCKETS
from tca_app.ui.websocket.tokens import delete_if_same

log = structlog.get_logger(__name__)

TIMEOUT_S = 1.0
NOT_DONE = N_("The console cannot reach Redis. Nothing was changed. Try again in a moment.")
PERHAPS_DONE = N_("The console cannot reach Redis. Your last action may have succeeded. Reload to check.")
_LOADED = format_event_handler(OnLoadInternalState.event_handlers["set_is_hydrated"])
_tellings: set[asyncio.Task[None]] = set()  # the event loop keeps only weak references to tasks


class StatesUnreachable(Exception):
    """The state of a tab could not be read (`is_begun` false) or written."""

    def __init__(self, event: Event | None, is_begun: bool) -> None:
        super().__init__(event.name if event else "")
        self.event, self.is_begun = event, is_begun


class States(StateManagerRedis):
    """Reflex's state manager on Redis. It raises its own error when Redis is unreachable."""

    @asynccontextmanager
    async def modify_state(self, token: Any, **context: Any) -> AsyncIterator[Any]:
        is_begun = False
        try:
            async with super().modify_state(token, **context) as state:
                is_begun = True
                yield state
        except (redis.RedisError, OSError) as error:
            raise StatesUnreachable(context.get("event"), is_begun) from error

    async def _wait_lock(self, lock_key: bytes, lock_id: bytes) -> None:
        """Waits for the lock of a tab. An event that is cancelled meanwhile, because its tab closed, wakes the next."""
        try:
            await super()._wait_lock(lock_key, lock_id)
        except asyncio.CancelledError:
            self._notify_next_waiter(lock_key)
            raise

    async def _try_get_lock(self, lock_key: bytes, lock_id: bytes) -> bool | None:
        """Takes the lock if it is free. A cancelled event gives back what Redis has granted in the meantime.

        Otherwise a tab that reloads during its first snapshot waits ten seconds for a lock that nobody holds.
        """
        taking = asyncio.create_task(super()._try_get_lock(lock_key, lock_id))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            if await taking:
                await delete_if_same(self.redis, lock_key, lock_id)
            raise


def share_states(app: rx.App) -> None:
    """Installs the state manager in a replica, where Reflex already stores its states in Redis."""
    manager = app._state_manager
    if isinstance(manager, StateManagerRedis):
        # mypy takes Reflex's overloads for abstract methods, but only while it has not cached Reflex.
        app._state_manager = States(  # type: ignore[abstract, unused-ignore]
            redis=bounded(manager.redis),
            token_expiration=manager.token_expiration,
            lock_expiration=manager.lock_expiration,
            lock_warning_threshold=manager.lock_warning_threshold,
        )


class _Commands(Redis):
    """Commands with a timeout. After one timeout the next commands fail at once, until a ping gets a response."""

    _has_failed = False

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        if self._has_failed and redis_is_unreachable():
            raise redis.ConnectionError("Redis does not answer")
        try:
            result = await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # not annotated
        except (redis.ConnectionError, redis.TimeoutError):
            self._has_failed = True
            raise
        self._has_failed = False
        return result


def bounded(client: Redis) -> Redis:
    """Returns a client of the same Redis with timeouts for commands. Subscriptions have none, because they wait."""
    options = client.get_connection_kwargs() | {
        "socket_timeout": TIMEOUT_S,
        "socket_connect_timeout": TIMEOUT_S,
        "retry": Retry(NoBackoff(), 1, (redis.ConnectionError,)),  # a connection may be older than a restart of Redis
        "retry_on_error": [],
    }
    pool = BlockingConnectionPool(
        connection_class=client.connection_pool.connection_class,
        max_connections=MAX_CONNECTIONS,
        timeout=TIMEOUT_S,
        **options,
    )
    commands = _Commands.from_pool(pool)
    commands.pubsub = client.pubsub  # type: ignore[method-assign]  # subscriptions use the client without timeouts
    return commands


def notify_unserved(error: StatesUnreachable) -> None:
    """Notifies the tab of an event that was not served, which is reloaded when Redis responds again.

    Reflex calls it in the context of that event.
    """
    context, event = EventContext.get(), error.event
    log.warning("ui.states_without_redis", event_name=event.name[:200] if event else "")
    if event is None or event.name != _LOADED:  # such a page has all its data
        OPEN_SOCKETS.note_unserved(context.token, context.router_data)
    telling = asyncio.create_task(context.emit_delta(_delta(error)))
    _tellings.add(telling)
    telling.add_done_callback(_tellings.discard)


def _delta(error: StatesUnreachable) -> dict[str, dict[str, Any]]:
    """Returns the page of an outage for a tab that shows nothing yet, and otherwise a toast without a spinner.

    The last event of a page load comes after the data and only ends the spinner.
    """
    if error.event is None or error.event.name in HYDRATES:
        return pushed(outage=True)
    if error.event.name == _LOADED:
        return settled()
    text = _(PERHAPS_DONE if error.is_begun else NOT_DONE)
    toast = Toast(id=token_hex(4), kind="error", text=text, undo=False, url="", at=0.0)
    return pushed(toasts=[toast]) | settled()
