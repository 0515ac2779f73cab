"""SharedCache: values in Redis that are expensive to compute and the same on every replica (docs/decisions/0019).

A key carries the version of its namespace. A change replaces the version before its write is answered, so no later
reader finds an older value, and a slow reader stores its value under a version that nobody reads. Redis may lose all of
it or be unreachable at any time: then every reader computes the value itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.cache.local import EVERYTHING, SingleFlight, seconds_disconnected, subscribe
from tca_app.core.cache.redis import get_redis, redis_circuit_breaker
from tca_app.core.database.session import after_commit
from tca_app.core.telemetry.metrics import CACHE_ERRORS, note_cache_read

log = structlog.get_logger(__name__)

T = TypeVar("T")
Value = dict[str, Any]  # a JSON object
Compute = Callable[[], Awaitable[Value]]
_caches: set["SharedCache"] = set()


class SharedCache:
    """One namespace of JSON values. A change of a subject named in `depends_on` invalidates all of them.

    Values live `ttl_s` seconds, or REDIS_CACHE_TTL when that is shorter.
    """

    def __init__(self, namespace: str, *, depends_on: tuple[str, ...], ttl_s: int | None = None) -> None:
        self.namespace = namespace
        self.depends_on = frozenset(depends_on)
        self.version_key = f"cache:{namespace}:version"
        self._ttl_s = ttl_s
        self._flights = SingleFlight[Value]()
        # Changes known to this process, and those published to Redis. Until they match, nothing is read from Redis.
        self.changes, self.published = 1, 0
        _caches.add(self)

    @property
    def ttl_s(self) -> int:
        return min(self._ttl_s or get_settings().redis_cache_ttl, get_settings().redis_cache_ttl)

    async def get_or_compute(self, key: str, compute: Compute) -> Value:
        """The value under `key`, computed and stored when it is missing. Concurrent readers share one computation.

        Computes without the cache while this process is disconnected from change notifications.
        """
        version = await self._version() if seconds_disconnected() == 0 else None
        if version is None:
            note_cache_read(self.namespace, "off")
            return await compute()
        name = f"cache:{self.namespace}:{version}:{key}"
        return await self._flights.run(name, partial(self._find, name, compute))

    async def _find(self, name: str, compute: Compute) -> Value:
        value = _decoded(await _ask(lambda redis: redis.get(name)))
        note_cache_read(self.namespace, "miss" if value is None else "hit")
        if value is None:
            value = await compute()
            await _ask(lambda redis: redis.set(name, orjson.dumps(value), ex=self.ttl_s))
        return value

    async def _version(self) -> str | None:
        """Return the current version, or None while Redis does not answer.

        Readers do not share this call: an answer requested by another reader may be older than a later write.
        """
        for _ in range(2):
            if self.published != self.changes and not await _publish([self]):
                return None
            version = await _ask(lambda redis: redis.get(self.version_key))
            if version is not None:
                return bytes(version).decode()
            self.changes += 1  # Redis lost the version
        return None


_circuit = redis_circuit_breaker()  # shared by all caches, as there is one Redis
_publishing = asyncio.Lock()


async def _ask(question: Callable[[Redis], Awaitable[T]]) -> T | None:
    """Return the answer of Redis, or None after an error. An error opens the circuit for all callers."""
    if _circuit.is_open:
        return None
    try:
        return await question(get_redis())
    except (RedisError, OSError) as error:
        _circuit.record(is_ok=False)
        CACHE_ERRORS.inc()
        log.warning("cache.without_redis", error=type(error).__name__)
        return None


async def _publish(caches: Sequence[SharedCache]) -> bool:
    """Store a new version for each cache that changed since its last one. Returns whether Redis took them.

    Concurrent changes are coalesced: one caller publishes for everybody who was waiting.
    """
    requested = [cache.changes for cache in caches]
    async with _publishing:
        stale = [cache for cache, change in zip(caches, requested, strict=True) if cache.published < change]
        changes = [cache.changes for cache in stale]
        if stale and not await _ask(lambda redis: redis.mset({cache.version_key: uuid4().hex for cache in stale})):
            return False
        for cache, change in zip(stale, changes, strict=True):
            cache.published = change
    return True


def _decoded(stored: bytes | None) -> Value | None:
    """Decode a stored value. Returns None for a missing or damaged value, which is then computed again."""
    try:
        return None if stored is None else orjson.loads(stored)
    except orjson.JSONDecodeError:
        return None


async def cached(session: AsyncSession, cache: SharedCache, key: str, compute: Compute) -> Value:
    """Read through the cache. A transaction always computes, because it may have changed the rows itself."""
    return await cache.get_or_compute(key, compute) if session.info.get("reads_only") else await compute()


def changed(session: AsyncSession, subject_type: str) -> None:
    """Invalidate the values that depend on this subject type at commit, before the response is sent."""
    waiting: set[str] = session.info.setdefault("changed", set())
    if not waiting:
        after_commit(session, partial(_end_values, waiting))
    waiting.add(subject_type)


async def _end_values(subject_types: set[str]) -> None:
    caches = [cache for cache in _caches if cache.depends_on & subject_types]
    for cache in caches:
        cache.changes += 1
    await _publish(caches)


def _on_change(topic: str) -> None:
    """Invalidate on a change notification of PostgreSQL.

    The change may come from a process that does not publish to Redis, such as `psql`, or from one that died after its
    commit.
    """
    subject = topic.partition(":")[0].removesuffix("s")
    for cache in _caches:
        if topic == EVERYTHING or subject in cache.depends_on:
            cache.changes += 1


subscribe(_on_change)
