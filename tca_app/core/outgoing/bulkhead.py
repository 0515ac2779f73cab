"""Bulkhead: limits concurrent calls per target and fails fast while a target is slow."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

ACQUIRE_TIMEOUT_S = 0.5


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
