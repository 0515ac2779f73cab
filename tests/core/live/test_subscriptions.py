"""Change notifications reach every subscriber, at a limited rate, and the last one is never lost."""

import asyncio

import pytest

from tca_app.core.cache.local import EVERYTHING
from tca_app.core.live.subscriptions import ScreenPriority, ThrottledSubscriptions
from tests.factories import until

EVERY_S = 0.02


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def nudges(told: list[str]) -> ThrottledSubscriptions[str]:
    return ThrottledSubscriptions(told.append, EVERY_S)


async def _until(told: list[str], count: int) -> None:
    await until(lambda: len(told) >= count)


async def _idle(nudges: ThrottledSubscriptions[str]) -> None:
    """Until no timer runs any more."""
    await until(lambda: not nudges._cooldowns)


async def test_only_those_who_listen_are_told(nudges: ThrottledSubscriptions[str], told: list[str]) -> None:
    nudges.listen("list", ["users"])
    nudges.listen("page", ["user:7", "projects"])
    nudges.publish("users")
    nudges.publish("user:8")
    assert told == ["list"]
    nudges.publish("user:7")
    assert told == ["list", "page"]


async def test_a_burst_is_one_nudge_now_and_one_later(nudges: ThrottledSubscriptions[str], told: list[str]) -> None:
    nudges.listen("list", ["users"])
    for _ in range(100):
        nudges.publish("users")
    assert told == ["list"]
    await _until(told, 2)
    await _idle(nudges)
    assert told == ["list", "list"]


async def test_after_a_gap_everybody_is_told(nudges: ThrottledSubscriptions[str], told: list[str]) -> None:
    nudges.listen("list", ["users"])
    nudges.listen("page", ["user:7"])
    nudges.publish(EVERYTHING)
    assert sorted(told) == ["list", "page"]


async def test_who_left_is_told_nothing_more(nudges: ThrottledSubscriptions[str], told: list[str]) -> None:
    nudges.listen("list", ["users"])
    nudges.publish("users")
    nudges.publish("users")
    nudges.leave("list")
    await _idle(nudges)
    nudges.publish("users")
    assert told == ["list"]
    assert len(nudges) == 0
    assert not nudges._listeners


async def test_other_topics_take_the_place_of_those_before(
    nudges: ThrottledSubscriptions[str], told: list[str]
) -> None:
    nudges.listen("page", ["user:7"])
    nudges.listen("page", ["user:8"])
    nudges.publish("user:7")
    assert told == []
    nudges.publish("user:8")
    assert told == ["page"]


async def test_jobs_wait_while_screens_are_read_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    first, order = ScreenPriority(), []

    async def job() -> None:
        await first.wait()
        order.append("job")

    with first.reading(), first.reading():
        waiting = asyncio.create_task(job())
        await until(lambda: first._none._waiters)
        order.append("screens")
    await waiting
    assert order == ["screens", "job"]
    monkeypatch.setattr("tca_app.core.live.subscriptions.MAX_WAIT_FOR_SCREENS_S", 0.01)
    with first.reading():
        await job()
    assert order == ["screens", "job", "job"]
