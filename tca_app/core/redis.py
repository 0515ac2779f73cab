"""The Redis of this process. It is speed, never truth: every use has a way to go on without it."""

from time import monotonic

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from tca_app.config import get_settings

TIMEOUT_S = 0.25
OPEN_S = 5.0
MOST_CONNECTIONS = 20

__all__ = ["Circuit", "Redis", "RedisError", "close_redis", "get_redis"]

_client: Redis | None = None


def get_redis() -> Redis:
    """The shared client; connections are opened at first use and bounded in number and time."""
    global _client
    if _client is None:
        # A crowd waits for a free connection: the usual pool would tell it that Redis is away.
        pool = BlockingConnectionPool.from_url(
            get_settings().redis_url.get_secret_value(),
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            max_connections=MOST_CONNECTIONS,
            timeout=TIMEOUT_S,
        )
        _client = Redis.from_pool(pool)
    return _client


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
