"""Short-lived copies of what many requests ask for, dropped the moment the rows behind them change.

Triggers NOTIFY on commit, whoever wrote: this process, another replica, a command. A copy is used only while this
process hears those notices, and never longer than two seconds: without the connection every request asks the
database again. This process drops its copies before it answers a write, so everybody reads what they wrote.
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
KEPT_S = 2.0
RETRY_S = 1.0
PROBE_S = 5.0
EVERYTHING = "*"
T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Concurrent calls with one key share one computation. When it fails or is cancelled, each computes for itself."""

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
            flight.cancel()  # unless it has its result
            del self._flights[key]


class LocalCache(Generic[T]):
    """Values under a key, each tagged with what it was made from, such as `user:7` or `users`.

    With `drop_on_write` every commit of this process empties it, so that no rule has to say what it changed.
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
        found = self._values.get(key)
        if found is None or not self.is_listening or found[0] < monotonic():
            return None
        return found[1]

    def put(self, key: str, value: T, tags: Iterable[str], generation: int) -> None:
        """Keep a value that was read since `generation`; after a change in between it may be old, so it is not kept."""
        if generation != self.generation or not self.is_listening:
            return
        if len(self._values) >= self._most:
            self.clear()
        self._values[key] = (monotonic() + KEPT_S, value)
        for tag in tags:
            self._keys_of[tag].add(key)

    def renew(self, tag: str, check: Callable[[T], T | None]) -> None:
        """Let the copies with this tag live on, as `check` gives them back; it compares them with rows just read.

        For what is looked at regularly anyway. A copy that `check` answers with None is left to end. One that a change
        has dropped since the rows were read is not there any more, so there is nothing to renew.
        """
        if not self.is_listening:
            return
        for key in self._keys_of.get(tag, ()):
            if key in self._values and (value := check(self._values[key][1])) is not None:
                self._values[key] = (monotonic() + KEPT_S, value)

    async def read_through(self, key: str, tags: Iterable[str], read: Callable[[], Awaitable[T]]) -> T:
        """The copy under `key`, or what `read` finds, which is then kept. Who comes while it is read waits for that."""
        found = self.get(key)
        if found is not None:
            return found
        if not self.is_listening:
            return await read()
        # A reader that comes after a change does not wait for a reading from before it.
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
_lost_at: float | None = monotonic()  # not yet heard anything


def hear(hearer: Callable[[str], None], channel: str = CHANNEL) -> Callable[[], None]:
    """Call `hearer` with the topic of each change, after the copies of it are gone; returns how to end that.

    On JOBS_CHANNEL it is the queue that has a new job. It gets EVERYTHING when notices may have been missed. It must be
    quick: it runs between two notices.
    """
    _subscribers[channel].append(hearer)
    return lambda: _subscribers[channel].remove(hearer)


def seconds_disconnected() -> float:
    """Seconds since the notices of changes were lost; 0 while they are heard."""
    return 0.0 if _lost_at is None else monotonic() - _lost_at


def _tell(topic: str, channel: str = CHANNEL) -> None:
    for hearer in list(_subscribers[channel]):
        hearer(topic)


def invalidate_on_commit() -> None:
    """This process has committed something."""
    for cache in _caches:
        if cache.drop_on_write:
            cache.clear()


async def listen(*, jobs: bool = False) -> None:
    """Keep the copies true until cancelled: one per process, as a lifespan task. Reconnects for ever.

    With `jobs`, for a process that does some, by the same connection: PostgreSQL wakes each one that listens, to
    whatever channel, at every commit with a notice.
    """
    while True:
        try:
            await _listen_once((CHANNEL, JOBS_CHANNEL) if jobs else (CHANNEL,))
        except (psycopg.Error, OSError) as error:
            log.warning("change_notices_lost", error=type(error).__name__)
        finally:
            _hear(False)
        await asyncio.sleep(RETRY_S)


def _hear(is_listening: bool) -> None:
    global _lost_at
    for cache in _caches:
        cache.is_listening = is_listening
        cache.clear()
    if is_listening:
        _lost_at = None
        for channel in _subscribers:
            _tell(EVERYTHING, channel)
    elif _lost_at is None:
        _lost_at = monotonic()


async def _listen_once(channels: Iterable[str]) -> None:
    dsn = get_settings().database_url.get_secret_value()
    connection = await Connection.connect(dsn, autocommit=True, application_name="tca_app changes")
    async with connection:
        for channel in channels:
            await connection.execute(f"LISTEN {channel}")
        _hear(True)
        while True:
            async for notice in connection.notifies(timeout=PROBE_S):
                if notice.channel == CHANNEL:
                    for cache in _caches:
                        cache.drop(notice.payload)
                _tell(notice.payload, notice.channel)
            # A connection that died without a word looks quiet; the probe tells the two apart.
            await connection.execute("SELECT 1")
