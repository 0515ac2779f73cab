"""A cache in Redis for what is expensive to read and the same on every replica. docs/decisions/0019 says what is in it.

Every namespace has a version, and a key holds the version that was read before the value was: a change makes a new
version before its write is answered, so nobody finds anything older from then on, and a slow reader fills the version
before. Redis may lose all of it or be away at any time: then everybody computes for themselves.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from time import time_ns
from typing import Any
from uuid import uuid4

import orjson
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config import get_settings
from tca_app.core.changes import EVERYTHING, deaf_for, hear
from tca_app.core.db import after_commit
from tca_app.core.metrics import CACHE_ERRORS, note_cache_read
from tca_app.core.redis import Circuit, Redis, RedisError, get_redis

log = structlog.get_logger(__name__)

PREFIX = "cache"
COMPRESS_FROM = 2048  # bytes; below it the time costs more than the place
LOCK_S = 2.0  # how long others wait for whoever computes, and how long a dead one holds them up
POLL_S = 0.02
# Redis may forget a version and keep its values; so the first one is the time in microseconds, which was never there.
LOWEST = 10**15
_PACKED = b"z"  # JSON never begins with it
# Whoever computed too long must not free the lock of the next one.
_UNLOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end"

Compute = Callable[[], Awaitable[Any]]
_caches: set["Cache"] = set()


class Cache:
    """One namespace. `made_of` names the kinds of subjects behind its values: a change of one ends them all."""

    def __init__(self, namespace: str, *, made_of: tuple[str, ...], ttl_s: int | None = None) -> None:
        self.namespace = namespace
        self.made_of = frozenset(made_of)
        self._versions = f"{PREFIX}:{namespace}:version"
        self._ttl_s = ttl_s
        self._flights: dict[str, asyncio.Future[Any]] = {}
        # Changes that this process knows of, and those that Redis was told of: before that nothing is read from it.
        self._changes, self._told = 1, 0
        _caches.add(self)

    @property
    def ttl_s(self) -> int:
        return min(self._ttl_s or get_settings().redis_cache_ttl, get_settings().redis_cache_ttl)

    async def get(self, key: str) -> Any | None:
        """The value under the version of now; None for a miss, and while Redis is away."""
        version = await self._version()
        return None if version is None else await self._read(self._name(version, key))

    async def set(self, key: str, value: Any, version: int | None = None) -> None:
        """Keep a value that JSON can write. Give the version that stood before what it is made of was read."""
        version = await self._version() if version is None else version
        if version is not None:
            await _ask(lambda redis: redis.set(self._name(version, key), _packed(value), ex=self.ttl_s))

    async def delete(self, key: str) -> None:
        version = await self._version()
        if version is not None:
            await _ask(lambda redis: redis.delete(self._name(version, key)))

    async def incr(self, key: str, by: int = 1) -> int | None:
        """Add to a number that lives as long as a value does; None while Redis is away."""
        version = await self._version()
        if version is None:
            return None
        name = self._name(version, key)

        async def add(redis: Redis) -> int:
            async with redis.pipeline() as pipeline:
                pipeline.set(name, 0, ex=self.ttl_s, nx=True)
                pipeline.incrby(name, by)
                return int((await pipeline.execute())[1])

        return await _ask(add)

    async def renew(self) -> None:
        """Make a new version, which ends all values of before. When Redis cannot be told, nothing is read from it
        until it was."""
        await _renew([self])

    def heard(self, topic: str) -> None:
        """A notice of PostgreSQL: somebody changed rows, perhaps without telling Redis, as `psql` does and as a process
        that dies between its commit and its answer."""
        if topic == EVERYTHING or topic.partition(":")[0].removesuffix("s") in self.made_of:
            self._changes += 1

    async def read_through(self, key: str, compute: Compute) -> Any:
        """The value under `key`, or what `compute` finds, which is then kept. Of a crowd only one computes, here and on
        the other replicas. Used only while this process hears of changes."""
        version = await self._version() if deaf_for() == 0 else None
        if version is None:
            note_cache_read(self.namespace, "off")
            return await compute()
        name = self._name(version, key)
        while (flight := self._flights.get(name)) is not None:
            try:
                value = await asyncio.shield(flight)
                note_cache_read(self.namespace, "joined")
                return value
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if not flight.cancelled() or (task and task.cancelling()):
                    raise  # this reader is, not only the one who computes
        flight = self._flights[name] = asyncio.get_running_loop().create_future()
        try:
            value = await self._find(name, compute)
            flight.set_result(value)
            return value
        except Exception as error:
            flight.set_exception(error)
            flight.exception()  # it is raised here; nobody else has to wait for it
            raise
        finally:
            flight.cancel()  # unless it has landed: then another of the waiting ones computes
            del self._flights[name]

    async def _find(self, name: str, compute: Compute) -> Any:
        found = await self._read(name)
        if found is not None:
            note_cache_read(self.namespace, "hit")
            return found
        mine, lock = uuid4().hex, f"{name}:lock"
        until = asyncio.get_running_loop().time() + LOCK_S
        # None when Redis went away meanwhile: then nobody is waited for.
        take = partial(_take, name=lock, value=mine)
        while (taken := await _ask(take)) is False and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(POLL_S)
            if (found := await self._read(name)) is not None:
                note_cache_read(self.namespace, "hit")
                return found
        try:
            return await self._fill(name, compute)
        finally:
            if taken:
                await _ask(partial(_free, name=lock, value=mine))

    async def _fill(self, name: str, compute: Compute) -> Any:
        # Whoever had the lock before may have filled it since we looked.
        found = await self._read(name)
        note_cache_read(self.namespace, "miss" if found is None else "hit")
        if found is None:
            found = await compute()
            await _ask(lambda redis: redis.set(name, _packed(found), ex=self.ttl_s))
        return found

    def _name(self, version: int, key: str) -> str:
        return f"{PREFIX}:{self.namespace}:v{version}:{key}"

    async def _version(self) -> int | None:
        """The version that counts now, or None while Redis does not say.

        Asked for by everybody, each time: an answer that was on its way before is perhaps older than a write since.
        """
        for _ in range(2):
            if self._told != self._changes and not await _tell([self]):
                return None
            found = await _ask(lambda redis: redis.get(self._versions))
            if found is not None and int(found) >= LOWEST:
                return int(found)
            self._changes += 1  # Redis has forgotten it
        return None

    async def _read(self, name: str) -> Any | None:
        found = await _ask(lambda redis: redis.get(name))
        return None if found is None else _unpacked(found)


_circuit = Circuit()  # one for all, as there is one Redis
_telling = asyncio.Lock()


async def _ask(question: Callable[[Redis], Awaitable[Any]]) -> Any | None:
    """What Redis answers; None after an error, which keeps everybody from asking for a while."""
    if _circuit.is_open:
        return None
    try:
        return await question(get_redis())
    except (RedisError, OSError) as error:
        _circuit.failed()
        CACHE_ERRORS.inc()
        log.warning("cache.without_redis", error=type(error).__name__)
        return None


async def _tell(caches: Sequence[Cache]) -> bool:
    """Whether Redis has a new version for each that a change has ended. Of a crowd that knows of a change one tells it,
    and one tells for all who came before it did."""
    mine = [cache._changes for cache in caches]
    async with _telling:
        late = [cache for cache, change in zip(caches, mine, strict=True) if cache._told < change]
        changes = [cache._changes for cache in late]  # one that is heard of meanwhile is told of next time
        if late and not await _ask(partial(_bump, names=[cache._versions for cache in late])):
            return False
        for cache, change in zip(late, changes, strict=True):
            cache._told = change
    return True


async def _bump(redis: Redis, names: Sequence[str]) -> bool:
    async with redis.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.incr(name)
        versions = await pipeline.execute()
        for name, version in zip(names, versions, strict=True):
            if int(version) < LOWEST:
                pipeline.set(name, time_ns() // 1000)
        await pipeline.execute()
    return True


async def _take(redis: Redis, name: str, value: str) -> bool:
    return bool(await redis.set(name, value, nx=True, px=int(LOCK_S * 1000)))


async def _free(redis: Redis, name: str, value: str) -> None:
    done: Any = redis.eval(_UNLOCK, 1, name, value)  # its stubs do not say that it is awaited
    await done


def _packed(value: Any) -> bytes:
    text = orjson.dumps(value)
    return text if len(text) < COMPRESS_FROM else _PACKED + zlib.compress(text, 1)


def _unpacked(found: bytes) -> Any | None:
    """None for what is not ours: it is computed again and replaced."""
    try:
        return orjson.loads(zlib.decompress(found[1:]) if found[:1] == _PACKED else found)
    except (zlib.error, orjson.JSONDecodeError):
        return None


async def cached(session: AsyncSession, cache: Cache, key: str, compute: Compute) -> Any:
    """Read through the cache. A transaction computes: it may have changed the rows itself."""
    return await cache.read_through(key, compute) if session.info.get("reads_only") else await compute()


def changed(session: AsyncSession, subject_type: str) -> None:
    """When the transaction commits, end what was made of such subjects, before anybody is answered."""
    waiting: set[str] = session.info.setdefault("changed", set())
    if not waiting:
        after_commit(session, partial(_renew_all, waiting))
    waiting.add(subject_type)


async def _renew_all(subject_types: set[str]) -> None:
    await _renew([cache for cache in _caches if cache.made_of & subject_types])


async def _renew(caches: Sequence[Cache]) -> None:
    for cache in caches:
        cache._changes += 1
    await _tell(caches)


def _hear(topic: str) -> None:
    for cache in _caches:
        cache.heard(topic)


hear(_hear)
