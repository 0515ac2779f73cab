"""Turns at slow things: a few at a time, and nobody waits long."""

import asyncio

import pytest

from tca_app.core.outgoing import bulkhead
from tca_app.core.outgoing.bulkhead import BulkheadFull, turn


class Guest:
    """Takes a turn and keeps it until told to go."""

    def __init__(self, name: str, turns: int = 1) -> None:
        self.inside, self.may_go = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(self._stay(name, turns))

    async def _stay(self, name: str, turns: int) -> None:
        async with turn(name, turns):
            self.inside.set()
            await self.may_go.wait()

    async def leave(self) -> None:
        self.may_go.set()
        await self.task


async def test_who_comes_next_gets_the_turn_that_becomes_free() -> None:
    first, second = Guest("a", 2), Guest("a", 2)
    await asyncio.gather(first.inside.wait(), second.inside.wait())
    third, elsewhere = Guest("a", 2), Guest("b", 2)
    await elsewhere.inside.wait()
    assert not third.inside.is_set()
    await first.leave()
    await third.inside.wait()
    await asyncio.gather(second.leave(), third.leave(), elsewhere.leave())
    assert "b" not in bulkhead._bulkheads  # who has no guests takes no memory


async def test_nobody_waits_behind_one_that_hangs_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulkhead, "ACQUIRE_TIMEOUT_S", 0.01)
    hanging = Guest("a")
    await hanging.inside.wait()
    with pytest.raises(BulkheadFull):
        await Guest("a").task
    monkeypatch.setattr(bulkhead, "ACQUIRE_TIMEOUT_S", 3600)  # from now on nobody waits at all
    with pytest.raises(BulkheadFull):
        await asyncio.wait_for(Guest("a").task, 10)
    await hanging.leave()
    after = Guest("a")
    await after.inside.wait()
    await after.leave()
