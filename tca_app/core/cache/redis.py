"""The Redis client of this process. Every use of Redis has a fallback, because Redis holds no primary data."""

import asyncio
from contextlib import suppress
from typing import Any

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError

from tca_app.config.settings import get_settings
from tca_app.core.outgoing.resilience import CircuitBreaker
from tca_app.core.telemetry.tracing import client_span

log = structlog.get_logger(__name__)

TIMEOUT_S = 0.25
PING_EVERY_S = 1.0
OPEN_S = 5.0
MAX_CONNECTIONS = 20

_client: Redis | None = None
_is_unreachable = False


class RedisRefused(RedisError):
    """Redis rejects the user or password of REDIS_URL. Retrying does not help."""


class _TracedRedis(Redis):
    """A client whose commands of a trace have a span, without keys and values."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - the signature of redis-py
        name = str(args[0])
        with client_span(name, {"db.system.name": "redis", "db.operation.name": name}):
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


def get_redis() -> Redis:
    """Return the shared client. Connections open at first use and are bounded in number and time."""
    global _client
    if _client is None:
        # Blocking: under load callers wait for a free connection, where the default pool would raise an error.
        pool = BlockingConnectionPool.from_url(
            get_settings().redis_url.get_secret_value(),
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            max_connections=MAX_CONNECTIONS,
            timeout=TIMEOUT_S,
        )
        _client = _TracedRedis.from_pool(pool)
    return _client


def redis_is_unreachable() -> bool:
    """Return True if the last ping of this process failed, including with a rejected password.

    It costs nothing, so every tab and every event may call it. `watch_redis`, a lifespan task of web processes, pings
    every second, so the result is at most about 1.3 s old. It is False before the first ping.
    """
    return _is_unreachable


async def ping_redis() -> None:
    """Ping Redis and update `redis_is_unreachable`. Raises RedisError or OSError when Redis does not answer."""
    global _is_unreachable
    try:
        answer: Any = get_redis().ping()  # the type stubs do not declare it awaitable
        await answer
    except (RedisError, OSError) as error:
        if not _is_unreachable:
            log.warning("redis.unreachable", error=type(error).__name__)
        _is_unreachable = True
        # The client wraps the error of a connection's first command.
        if isinstance(error.__cause__ or error, AuthenticationError | NoPermissionError):
            raise RedisRefused("Redis refuses the user or password of REDIS_URL") from error
        raise
    if _is_unreachable:
        log.info("redis.reachable")
    _is_unreachable = False


async def redis_version() -> str:
    """Returns "7.4.1", or "" where the user of REDIS_URL may not ask for it."""
    try:
        answer: dict[str, Any] = await get_redis().info("server")
    except ResponseError:  # NoPermissionError is one
        return ""
    return str(answer.get("redis_version", ""))


async def watch_redis() -> None:
    """Keep `redis_is_unreachable` up to date until cancelled. It runs once per process, as a lifespan task."""
    while True:
        with suppress(RedisError, OSError):  # already recorded and logged by ping_redis
            await ping_redis()
        await asyncio.sleep(PING_EVERY_S)


async def close_redis() -> None:
    global _client
    if _client is not None:
        closing, _client = _client, None
        await closing.aclose()


def redis_circuit_breaker() -> CircuitBreaker:
    """Return a circuit breaker that opens at the first failure, so that not every call waits for a timeout."""
    return CircuitBreaker("Redis", failures_to_open=1, open_s=OPEN_S)
