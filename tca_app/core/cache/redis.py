"""The Redis of this process. It is speed, never truth: every use has a way to go on without it."""

import asyncio
from contextlib import suppress
from time import monotonic
from typing import Any

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from tca_app.config.settings import get_settings

log = structlog.get_logger(__name__)

TIMEOUT_S = 0.25
PING_EVERY_S = 1.0
OPEN_S = 5.0
MAX_CONNECTIONS = 20

__all__ = [
    "Circuit",
    "Redis",
    "RedisError",
    "RedisRefused",
    "close_redis",
    "get_redis",
    "ping_redis",
    "redis_is_unreachable",
    "watch_redis",
]

_client: Redis | None = None
_is_unreachable = False


class RedisRefused(RedisError):
    """Redis answers, and refuses the user or password of REDIS_URL: it will not get better by waiting."""


def get_redis() -> Redis:
    """The shared client; connections are opened at first use and bounded in number and time."""
    global _client
    if _client is None:
        # A crowd waits for a free connection: the usual pool would tell it that Redis is away.
        pool = BlockingConnectionPool.from_url(
            get_settings().redis_url.get_secret_value(),
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            max_connections=MAX_CONNECTIONS,
            timeout=TIMEOUT_S,
        )
        _client = Redis.from_pool(pool)
    return _client


def redis_is_unreachable() -> bool:
    """Whether the last ping of this process failed, a refused password included.

    Costs nothing, so it may be asked for every tab and every event. `watch_redis`, which web processes run as a
    lifespan task, pings every second: what this says is at most about 1.3 s old. False where nothing has pinged yet.
    """
    return _is_unreachable


async def ping_redis() -> None:
    """Raises RedisError or OSError when Redis does not answer; `redis_is_unreachable` says the same afterwards."""
    global _is_unreachable
    try:
        answer: Any = get_redis().ping()  # its stubs do not say that it is awaited
        await answer
    except (RedisError, OSError) as error:
        if not _is_unreachable:
            log.warning("redis.unreachable", error=type(error).__name__)
        _is_unreachable = True
        # The client wraps what Redis said to the first command of a connection.
        if isinstance(error.__cause__ or error, AuthenticationError | NoPermissionError):
            raise RedisRefused("Redis refuses the user or password of REDIS_URL") from error
        raise
    if _is_unreachable:
        log.info("redis.reachable")
    _is_unreachable = False


async def watch_redis() -> None:
    """Keep `redis_is_unreachable` true to what is, until cancelled: one per process, as a lifespan task."""
    while True:
        with suppress(RedisError, OSError):  # noted and logged where it happened
            await ping_redis()
        await asyncio.sleep(PING_EVERY_S)


async def close_redis() -> None:
    global _client
    if _client is not None:
        closing, _client = _client, None
        await closing.aclose()


class Circuit:
    """After a failure, do without for a while instead of waiting for a time-out on every call."""

    def __init__(self, open_s: float = OPEN_S) -> None:
        self._open_s = open_s
        self._closed_again = 0.0

    @property
    def is_open(self) -> bool:
        return monotonic() < self._closed_again

    def failed(self) -> None:
        self._closed_again = monotonic() + self._open_s
