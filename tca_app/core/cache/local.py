"""LocalCache: in-process cache entries, invalidated when the rows behind them change.

Triggers send a change notification (NOTIFY) at every commit, from any process. Entries live at most two seconds and
are used only while this process receives notifications; while it is disconnected, every request reads the database.
This process invalidates its entries before it answers a write, so a client always reads its own writes.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from functools import partial
from time import monotonic
from typing import Any, Generic, TypeVar

import psycopg
import structlog

from tca_app.config.settings import get_settings
from tca_app.core.database.connection import Connection

log = structlog.get_logger(__name__)

CHANNEL = "tca_changes"
JOBS_CHANNEL = "tca_jobs"
TTL_S = 2.0
RETRY_S = 1.0
PROBE_S = 5.0
EVERYTHING = "*"
T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Shares one computation between concurrent calls with the same key. If it fails, each caller computes alone."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Future[T]] = {}

    async def run(self, key: Hashable, compute: Callable[[], Awaitable[T]]) -> T:
        flight = self._flights.get(key)
        if flight is not None:
            await asyncio.wait({flight})
            return await compute() if flight.cancelled() else flight.result()
        flight = self._flights[key] = asyncio.get_running_loop().create_future()
        try:
            value = await compute()
            flight.set_result(value)
            return value
        finally:
            flight.cancel()  # no effect once the result is set
            del self._flights[key]


class LocalCache(Generic[T]):
    """Cached values by key, each tagged with what it was read from, such as `user:7` or `users`.

    With `drop_on_write`, every commit of this process clears the cache, so services need not say what they changed.
    """

    def __init__(self, most: int, *, drop_on_write: bool = False) -> None:
        self._most = most
        self._values: dict[str, tuple[float, T]] = {}
        self._keys_of: dict[str, set[str]] = defaultdict(set)
        self._flights = SingleFlight[T]()
        self.drop_on_write = drop_on_write
        self.generation = 0
        self.is_listening = False
        _caches.add(self)

    def get(self, key: str) -> T | None:
        entry = self._values.get(key)
        if entry is None or not self.is_listening or entry[0] < monotonic():
            return None
        return entry[1]

    def put(self, key: str, value: T, tags: Iterable[str], generation: int) -> None:
        """Cache a value that was read since `generation`. A value that may be stale after a change is not cached."""
        if generation != self.generation or not self.is_listening:
            return
        if len(self._values) >= self._most:
            self.clear()
        self._values[key] = (monotonic() + TTL_S, value)
        for tag in tags:
            self._keys_of[tag].add(key)

    def renew(self, tag: str, check: Callable[[T], T | None]) -> None:
        """Extend the lifetime of entries with this tag if `check` confirms that they still match the database.

        `check` compares an entry with rows just read and returns the value to cache; None lets the entry expire.
        Entries that a change has invalidated since then are gone already and are not renewed.
        """
        if not self.is_listening:
            return
        for key in self._keys_of.get(tag, ()):
            if key in self._values and (value := check(self._values[key][1])) is not None:
                self._values[key] = (monotonic() + TTL_S, value)

    async def read_through(self, key: str, tags: Iterable[str], read: Callable[[], Awaitable[T]]) -> T:
        """Return the cached value, or call `read` and cache its result. Concurrent readers share one call."""
        value = self.get(key)
        if value is not None:
            return value
        if not self.is_listening:
            return await read()
        # The generation is part of the key: a reader after a change must not share a read from before it.
        return await self._flights.run((key, self.generation), partial(self._read, key, tags, read))

    async def _read(self, key: str, tags: Iterable[str], read: Callable[[], Awaitable[T]]) -> T:
        generation = self.generation
        value = await read()
        self.put(key, value, tags, generation)
        return value

    def drop(self, tag: str) -> None:
        self.generation += 1
        for key in self._keys_of.pop(tag, ()):
            self._values.pop(key, None)

    def clear(self) -> None:
        self.generation += 1
        self._values.clear()
        self._keys_of.clear()


_caches: set[LocalCache[Any]] = set()
_subscribers: dict[str, list[Callable[[str], None]]] = {CHANNEL: [], JOBS_CHANNEL: []}
_lost_at: float | None = monotonic()  # not connected yet


def subscribe(subscriber: Callable[[str], None], channel: str = CHANNEL) -> Callable[[], None]:
    """Call `subscriber` with the topic of each change, after its entries are invalidated. Returns the unsubscriber.

    On JOBS_CHANNEL the topic is the queue with a new job. The topic is EVERYTHING when notifications may have been
    missed. A subscriber must be quick: it runs between two notifications.
    """
    _subscribers[channel].append(subscriber)
    return lambda: _subscribers[channel].remove(subscriber)


def seconds_disconnected() -> float:
    """Return the seconds since change notifications were lost; 0 while connected."""
    return 0.0 if _lost_at is None else monotonic() - _lost_at


def _notify(topic: str, channel: str = CHANNEL) -> None:
    for subscriber in list(_subscribers[channel]):
        subscriber(topic)


def invalidate_on_commit() -> None:
    """Clear the caches with `drop_on_write` after a commit of this process."""
    for cache in _caches:
        if cache.drop_on_write:
            cache.clear()


async def listen(*, jobs: bool = False) -> None:
    """Invalidate caches on change notifications until cancelled. It runs once per process and always reconnects.

    With `jobs`, for a process that runs jobs, the same connection also listens for new jobs: PostgreSQL wakes every
    listening connection, on any channel, at each commit with a notification.
    """
    while True:
        try:
            await _listen_once((CHANNEL, JOBS_CHANNEL) if jobs else (CHANNEL,))
        except (psycopg.Error, OSError) as error:
            log.warning("change_notices_lost", error=type(error).__name__)
        finally:
            _set_listening(False)
        await asyncio.sleep(RETRY_S)


def _set_listening(is_listening: bool) -> None:
    global _lost_at
    for cache in _caches:
        cache.is_listening = is_listening
        cache.clear()
    if is_listening:
        _lost_at = None
        for channel in _subscribers:
            _notify(EVERYTHING, channel)
    elif _lost_at is None:
        _lost_at = monotonic()


async def _listen_once(channels: Iterable[str]) -> None:
    dsn = get_settings().database_url.get_secret_value()
    connection = await Connection.connect(dsn, autocommit=True, application_name="tca_app changes")
    async with connection:
        for channel in channels:
            await connection.execute(f"LISTEN {channel}")
        _set_listening(True)
        while True:
            async for notice in connection.notifies(timeout=PROBE_S):
                if notice.channel == CHANNEL:
                    for cache in _caches:
                        cache.drop(notice.payload)
                _notify(notice.payload, notice.channel)
            # A dead connection looks like a quiet one; the probe tells them apart.
            await connection.execute("SELECT 1")
