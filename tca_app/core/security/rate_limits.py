"""Rate limits, shared by all replicas through Redis; per process, with the same rates, while Redis is unreachable."""

import time
from functools import lru_cache
from typing import Literal

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import RateLimiter, SlidingWindowCounterRateLimiter
from limits.errors import StorageError

from tca_app.config.settings import get_settings
from tca_app.core.cache.redis import TIMEOUT_S, redis_circuit_breaker
from tca_app.core.errors import TooManyRequests
from tca_app.core.security.tokens import token_hash

log = structlog.get_logger(__name__)


Name = Literal[
    "login",
    "api",
    "invitations",
    "email_changes",
    "mailed_address",
    "subscriptions",
    "subscribed_address",
    "all_subscriptions",
    "token_exchange",
    "comments",
]
# How many mails one person may cause at addresses of their choice, by invitations and by changes of their own address,
# and how many one address may get. Strangers subscribe to the public status page: there is a limit for all of them,
# too, and what an address gets because of them is counted apart, or they could keep it from being invited. No setting
# changes these.
MAILS = {
    "invitations": "500/day",
    "email_changes": "20/day",
    "mailed_address": "10/day",
    "subscriptions": "30/day",
    "subscribed_address": "5/day",
    "all_subscriptions": "500/hour",
}
# Of one address. Build machines behind one address share it, so it is wider than that of sign-in.
TOKEN_EXCHANGE = {"token_exchange": "60/minute"}
# Of one person: each comment, and each person whom it notifies.
COMMENTS = {"comments": "60/minute"}


class Limits:
    """The rate limits of the settings: `login` per address, `api` per caller. An empty setting disables a limit.

    The limits of mails, of comments and of the exchange of CI tokens are fixed.
    """

    def __init__(self) -> None:
        settings = get_settings()
        rates = {"login": settings.rate_limit_login, "api": settings.rate_limit_api}
        rates |= MAILS | TOKEN_EXCHANGE | COMMENTS
        self._rates = {name: parse(notation) for name, notation in rates.items() if notation}
        self._local = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = SlidingWindowCounterRateLimiter(_redis_storage())
        self._circuit = redis_circuit_breaker()

    async def refuse_mail(self, address: str, name: Name = "mailed_address") -> None:
        """Count a mail to an address that someone chose. Only a hash of the address is stored."""
        await self.refuse_excess(name, token_hash(address).hex())

    async def refuse_excess(self, name: Name, caller: str, cost: int = 1) -> None:
        """Count `cost` calls. Raises TooManyRequests with Retry-After when the limit is exceeded."""
        rate = self._rates.get(name)
        if rate is None:
            return
        if not self._circuit.is_open:
            try:
                await _count(self._shared, rate, name, caller, cost)
                return
            except StorageError as error:
                self._circuit.record(is_ok=False)
                log.warning("rate_limits_without_redis", error=type(error.storage_error).__name__)
        await _count(self._local, rate, name, caller, cost)


async def _count(limiter: RateLimiter, rate: RateLimitItem, name: str, caller: str, cost: int) -> None:
    if not await limiter.hit(rate, name, caller, cost=cost):
        window = await limiter.get_window_stats(rate, name, caller)
        raise TooManyRequests.after(window.reset_time - time.time())


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


@lru_cache(maxsize=1)
def get_limits() -> Limits:
    return Limits()
