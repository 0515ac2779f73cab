"""Circuit breaker and bulkhead: they keep a target that fails or is slow from delaying everything else.

Both are per process and in memory, so another replica may still try the target.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from time import monotonic
from weakref import WeakValueDictionary

from tca_app.core.jobs.queue import Unreachable
from tca_app.core.plurals import plural

FAILURES_TO_OPEN = 5
OPEN_S = 30.0
ACQUIRE_TIMEOUT_S = 0.5


class CircuitOpen(Unreachable):
    """The target failed repeatedly, so it is not called for a while."""


class CircuitBreaker:
    """Skips a target for `open_s` seconds after `failures_to_open` consecutive failures."""

    def __init__(self, target: str, failures_to_open: int = FAILURES_TO_OPEN, open_s: float = OPEN_S) -> None:
        self.target, self.failures_to_open, self.open_s = target, failures_to_open, open_s
        self.failures, self.open_until = 0, 0.0

    @property
    def is_open(self) -> bool:
        return monotonic() < self.open_until

    def refuse_if_open(self) -> None:
        """Raise CircuitOpen while the circuit is open."""
        if self.is_open:
            times = plural(self.failures, "time")
            raise CircuitOpen(f"{self.target} failed {times} in a row; it is left alone for a moment")

    def record(self, is_ok: bool) -> None:
        """Record the result of a call."""
        self.failures = 0 if is_ok else self.failures + 1
        if self.failures >= self.failures_to_open:
            self.open_until = monotonic() + self.open_s


@lru_cache(1024)
def circuit_breaker(target: str) -> CircuitBreaker:
    """Return the circuit breaker that all callers of `target` share. The least used targets start anew."""
    return CircuitBreaker(target)


class BulkheadFull(Exception):
    """All slots of the target are taken, and none became free within the acquire timeout."""


class _Bulkhead:
    """The slots of one target. Callers fail fast while it is slow, because a waiting caller would block a worker."""

    def __init__(self, slots: int) -> None:
        self.free = asyncio.Semaphore(slots)
        self.is_slow = False

    async def acquire(self, name: str) -> None:
        if self.is_slow and self.free.locked():
            raise BulkheadFull(f"{name} is slow just now")
        try:
            async with asyncio.timeout(ACQUIRE_TIMEOUT_S):
                await self.free.acquire()
        except TimeoutError:
            self.is_slow = True
            raise BulkheadFull(f"{name} is slow just now") from None

    def release(self) -> None:
        self.is_slow = False
        self.free.release()


# Weak references: a bulkhead without callers is garbage-collected.
_bulkheads: WeakValueDictionary[str, _Bulkhead] = WeakValueDictionary()


@asynccontextmanager
async def bulkhead(name: str, slots: int) -> AsyncIterator[None]:
    """Hold one of `slots` slots of the target `name`. Raises BulkheadFull."""
    target = _bulkheads.setdefault(name, _Bulkhead(slots))
    await target.acquire(name)
    try:
        yield
    finally:
        target.release()
