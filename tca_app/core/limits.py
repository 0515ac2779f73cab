"""Rate limits, shared by all replicas through Redis; per process and as strict while Redis is away."""

import asyncio
import time
from dataclasses import dataclass, field
from functools import lru_cache
from time import monotonic
from typing import Literal
from weakref import WeakValueDictionary

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import RateLimiter, SlidingWindowCounterRateLimiter
from limits.errors import StorageError

from tca_app.config import get_settings
from tca_app.core.errors import TooManyRequests
from tca_app.core.redis import TIMEOUT_S, Circuit

log = structlog.get_logger(__name__)

LEASE_S = 5.0
LEASES_A_WINDOW = 50
MOST_LEASES = 10_000


@dataclass(slots=True)
class _Rate:
    """One limit. A lease is a number of calls counted in advance: it saves the round trip to Redis for each of them.

    What is left of a lease is forgotten after five seconds, so leases only ever make a limit stricter.
    """

    item: RateLimitItem
    lease: int
    leases: dict[str, tuple[float, int]] = field(default_factory=dict)
    asking: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def take(self, caller: str) -> bool:
        until, left = self.leases.get(caller, (0.0, 0))
        if left < 1 or until < monotonic():
            return False
        self.leases[caller] = (until, left - 1)
        return True

    def leased(self, caller: str) -> None:
        if len(self.leases) >= MOST_LEASES:
            self.leases.clear()
        if self.lease > 1:
            self.leases[caller] = (monotonic() + LEASE_S, self.lease - 1)


class Limits:
    """`login`: exact, per address. `api`: per caller, counted in leases."""

    def __init__(self) -> None:
        settings = get_settings()
        self._rates = {
            "login": _rate(settings.rate_limit_login, leased=False),
            "api": _rate(settings.rate_limit_api, leased=True),
        }
        self._local = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = SlidingWindowCounterRateLimiter(_redis_storage())
        self._circuit = Circuit()

    async def refuse_excess(self, name: Literal["login", "api"], caller: str) -> None:
        """Count one more call. Raises TooManyRequests with the wait when the rate is used up."""
        rate = self._rates[name]
        if rate is None or rate.take(caller):
            return
        # One lease at a time for a caller: sixteen calls at once would else count sixteen leases.
        async with rate.asking.setdefault(caller, asyncio.Lock()):
            if not rate.take(caller):
                await self._lease(rate, name, caller)

    async def _lease(self, rate: _Rate, name: str, caller: str) -> None:
        if not self._circuit.is_open:
            try:
                await _count(self._shared, rate, name, caller)
                return
            except StorageError as error:
                self._circuit.failed()
                log.warning("rate_limits_without_redis", error=type(error.storage_error).__name__)
        await _count(self._local, rate, name, caller)


def _rate(notation: str, *, leased: bool) -> _Rate | None:
    if not notation:
        return None
    item = parse(notation)
    return _Rate(item, max(1, item.amount // LEASES_A_WINDOW) if leased else 1)


def _redis_storage() -> Storage:
    url = get_settings().redis_url.get_secret_value()
    scheme, _, rest = url.partition("://")
    return RedisStorage(
        f"async+redis+unix://{rest}" if scheme == "unix" else f"async+{url}",
        implementation="redispy",
        wrap_exceptions=True,
        key_prefix="limits",
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
    )


async def _count(limiter: RateLimiter, rate: _Rate, name: str, caller: str) -> None:
    if await limiter.hit(rate.item, name, caller, cost=rate.lease):
        rate.leased(caller)
    elif rate.lease == 1 or not await limiter.hit(rate.item, name, caller):
        window = await limiter.get_window_stats(rate.item, name, caller)
        raise TooManyRequests.after(window.reset_time - time.time())


@lru_cache(maxsize=1)
def get_limits() -> Limits:
    return Limits()
