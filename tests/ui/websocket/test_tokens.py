"""With the state in Redis: which replica a tab belongs to, when replicas die and tabs move."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from reflex.state import StateUpdate

from tca_app.config.settings import get_settings
from tca_app.ui.websocket.tokens import Tokens

Replicas = tuple[Tokens, Tokens]


async def _nothing(*_: Any) -> None:
    raise AssertionError("an answer was passed on")


async def _is_there(replica: Tokens) -> None:
    """As at its first tab; done when Redis knows."""
    replica.ensure_lost_and_found_task(_nothing)
    channel = replica._channel(replica.instance_id)
    while not dict(await replica.redis.pubsub_numsub(channel))[channel.encode()]:
        pass


@pytest.fixture
async def replicas() -> AsyncIterator[Replicas]:
    url = get_settings().redis_url.get_secret_value()
    one, two = Tokens(Redis.from_url(url)), Tokens(Redis.from_url(url))
    await one.redis.flushdb()
    for replica in (one, two):
        await _is_there(replica)
    yield one, two
    await one.close()
    await two.close()


async def _die(replica: Tokens) -> None:
    """As after kill -9: its connections close, and it publishes nothing about its tabs."""
    assert replica._lost_and_found_task
    replica._lost_and_found_task.cancel()
    channel = replica._channel(replica.instance_id)
    while dict(await replica.redis.pubsub_numsub(channel))[channel.encode()]:
        pass


async def test_the_tab_of_a_killed_replica_keeps_its_token(replicas: Replicas) -> None:
    one, two = replicas
    assert await one.link_token_to_sid("tab", "socket 1") is None
    await _die(one)
    assert await two.link_token_to_sid("tab", "socket 2") is None
    assert two.token_to_sid["tab"] == "socket 2"


async def test_a_second_tab_with_the_token_of_an_open_one_gets_another(replicas: Replicas) -> None:
    one, two = replicas
    await one.link_token_to_sid("tab", "socket 1")
    assert await two.link_token_to_sid("tab", "socket 2") not in (None, "tab")
    assert await one.link_token_to_sid("tab", "socket 3") not in (None, "tab")


async def test_an_answer_is_not_passed_to_whoever_has_the_token_now(replicas: Replicas) -> None:
    """The tab that asked `one` is closed, and somebody else came to `two` with its token."""
    one, two = replicas
    await one.link_token_to_sid("tab", "socket 1")
    await one.disconnect_token("tab", "socket 1")
    assert await two.link_token_to_sid("tab", "socket of a thief") is None
    assert not await one.emit_lost_and_found("tab", StateUpdate(delta={"state": {"secret": "x"}}))


async def test_without_redis_a_tab_is_let_in(replicas: Replicas) -> None:
    one, _ = replicas
    away = Tokens(Redis(port=1, retry=Retry(NoBackoff(), retries=0)))
    assert await away.link_token_to_sid("tab", "socket 1") is None
    assert away.token_to_sid["tab"] == "socket 1"
    await away.close()
    assert one.token_to_sid == {}
