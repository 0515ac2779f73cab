"""Turns at slow things: so many at a time for each, and nobody waits long behind one that hangs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

ACQUIRE_TIMEOUT_S = 0.5


class BulkheadFull(Exception):
    """All turns are taken, and none became free in the time that one waits."""


class _Bulkhead:
    """The turns of one thing. While it is slow nobody waits: who waits takes up a worker."""

    def __init__(self, turns: int) -> None:
        self.free = asyncio.Semaphore(turns)
        self.is_slow = False

    async def take(self, name: str) -> None:
        if self.is_slow and self.free.locked():
            raise BulkheadFull(f"{name} is slow just now")
        try:
            async with asyncio.timeout(ACQUIRE_TIMEOUT_S):
                await self.free.acquire()
        except TimeoutError:
            self.is_slow = True
            raise BulkheadFull(f"{name} is slow just now") from None

    def give_back(self) -> None:
        self.is_slow = False
        self.free.release()


# Lanes that nobody is in are forgotten.
_bulkheads: WeakValueDictionary[str, _Bulkhead] = WeakValueDictionary()


@asynccontextmanager
async def turn(name: str, turns: int) -> AsyncIterator[None]:
    """One of `turns` turns at `name`. Raises BulkheadFull."""
    lane = _bulkheads.setdefault(name, _Bulkhead(turns))
    await lane.take(name)
    try:
        yield
    finally:
        lane.give_back()
