"""The two state managers that the console may run on: in memory, and in Redis for replicas."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.redis import StateManagerRedis

from tca_app.config.settings import get_settings
from tests.ui.harness import Console, console_on


@pytest.fixture(params=["memory", "redis"])
async def console(request: pytest.FixtureRequest) -> AsyncIterator[Console]:
    if request.param == "memory":
        async with console_on(StateManagerMemory()) as running:
            yield running
        return
    client = Redis.from_url(get_settings().redis_url.get_secret_value())
    await client.flushdb()
    manager = StateManagerRedis(redis=client)
    async with console_on(manager) as running:
        yield running
    await manager.close()
