"""Turns at slow things: so many at a time for each, and nobody waits long behind one that hangs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

PATIENCE_S = 0.5


class Busy(Exception):
    """All turns are taken, and none became free in the time that one waits."""


class _Lane:
    """The turns of one thing. While it is slow nobody waits: who waits takes up a worker."""

    def __init__(self, turns: int) -> None:
        self.free = asyncio.Semaphore(turns)
        self.is_slow = False

    async def take(self, name: str) -> None:
        if self.is_slow and self.free.locked():
            raise Busy(f"{name} is slow just now")
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self.free.acquire()
        except TimeoutError:
            self.is_slow = True
            raise Busy(f"{name} is slow just now") from None

    def give_back(self) -> None:
        self.is_slow = False
        self.free.release()


# Lanes that nobody is in are forgotten.
_lanes: WeakValueDictionary[str, _Lane] = WeakValueDictionary()


@asynccontextmanager
async def turn(name: str, turns: int) -> AsyncIterator[None]:
    """One of `turns` turns at `name`. Raises Busy."""
    lane = _lanes.setdefault(name, _Lane(turns))
    await lane.take(name)
    try:
        yield
    finally:
        lane.give_back()
