"""Change notifications reach every subscriber, at a limited rate, and the last one is never lost."""

import asyncio

import pytest

from tca_app.core.cache.local import EVERYTHING
from tca_app.core.live.subscriptions import ScreenPriority, ThrottledSubscriptions
from tests.factories import until

EVERY_S = 0.02


@pytest.fixture
def notified() -> list[str]:
    return []


@pytest.fixture
def subscriptions(notified: list[str]) -> ThrottledSubscriptions[str]:
    return ThrottledSubscriptions(notified.append, EVERY_S)


async def _until(notified: list[str], count: int) -> None:
    await until(lambda: len(notified) >= count)


async def _idle(subscriptions: ThrottledSubscriptions[str]) -> None:
    """Until no timer runs any more."""
    await until(lambda: not subscriptions._cooldowns)


async def test_only_subscribers_are_notified(subscriptions: ThrottledSubscriptions[str], notified: list[str]) -> None:
    subscriptions.listen("list", ["users"])
    subscriptions.listen("page", ["user:7", "projects"])
    subscriptions.publish("users")
    subscriptions.publish("user:8")
    assert notified == ["list"]
    subscriptions.publish("user:7")
    assert notified == ["list", "page"]


async def test_a_burst_is_one_notification_now_and_one_later(
    subscriptions: ThrottledSubscriptions[str], notified: list[str]
) -> None:
    subscriptions.listen("list", ["users"])
    for _ in range(100):
        subscriptions.publish("users")
    assert notified == ["list"]
    await _until(notified, 2)
    await _idle(subscriptions)
    assert notified == ["list", "list"]


async def test_after_a_gap_everybody_is_notified(
    subscriptions: ThrottledSubscriptions[str], notified: list[str]
) -> None:
    subscriptions.listen("list", ["users"])
    subscriptions.listen("page", ["user:7"])
    subscriptions.publish(EVERYTHING)
    assert sorted(notified) == ["list", "page"]


async def test_an_unsubscribed_tab_is_not_notified(
    subscriptions: ThrottledSubscriptions[str], notified: list[str]
) -> None:
    subscriptions.listen("list", ["users"])
    subscriptions.publish("users")
    subscriptions.publish("users")
    subscriptions.leave("list")
    await _idle(subscriptions)
    subscriptions.publish("users")
    assert notified == ["list"]
    assert len(subscriptions) == 0
    assert not subscriptions._listeners


async def test_other_topics_replace_the_previous_ones(
    subscriptions: ThrottledSubscriptions[str], notified: list[str]
) -> None:
    subscriptions.listen("page", ["user:7"])
    subscriptions.listen("page", ["user:8"])
    subscriptions.publish("user:7")
    assert notified == []
    subscriptions.publish("user:8")
    assert notified == ["page"]


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
