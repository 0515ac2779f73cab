"""Bulkhead: limited concurrent calls per target, and callers fail fast while it is slow."""

import asyncio

import pytest

from tca_app.core.outgoing import resilience as module
from tca_app.core.outgoing.resilience import BulkheadFull, bulkhead


class Guest:
    """Takes a slot and keeps it until released."""

    def __init__(self, name: str, slots: int = 1) -> None:
        self.inside, self.may_go = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(self._stay(name, slots))

    async def _stay(self, name: str, slots: int) -> None:
        async with bulkhead(name, slots):
            self.inside.set()
            await self.may_go.wait()

    async def leave(self) -> None:
        self.may_go.set()
        await self.task


async def test_a_waiting_caller_gets_the_slot_that_becomes_free() -> None:
    first, second = Guest("a", 2), Guest("a", 2)
    await asyncio.gather(first.inside.wait(), second.inside.wait())
    third, elsewhere = Guest("a", 2), Guest("b", 2)
    await elsewhere.inside.wait()
    assert not third.inside.is_set()
    await first.leave()
    await third.inside.wait()
    await asyncio.gather(second.leave(), third.leave(), elsewhere.leave())
    assert "b" not in module._bulkheads  # a bulkhead without callers takes no memory


async def test_nobody_waits_behind_one_that_hangs_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ACQUIRE_TIMEOUT_S", 0.01)
    hanging = Guest("a")
    await hanging.inside.wait()
    with pytest.raises(BulkheadFull):
        await Guest("a").task
    monkeypatch.setattr(module, "ACQUIRE_TIMEOUT_S", 3600)  # from now on nobody waits at all
    with pytest.raises(BulkheadFull):
        await asyncio.wait_for(Guest("a").task, 10)
    await hanging.leave()
    after = Guest("a")
    await after.inside.wait()
    await after.leave()
