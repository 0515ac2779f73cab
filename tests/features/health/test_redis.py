"""`/health/ready` and Redis: unreachable is degraded, a refused password is not ready."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from pydantic import SecretStr

from tca_app.config.settings import get_settings
from tca_app.core.cache import redis as module
from tca_app.core.cache.redis import close_redis, redis_is_unreachable, watch_redis
from tca_app.core.stores.servers import RedisServer
from tca_app.core.telemetry.sampling import SampledLog
from tca_app.features.health import internal_checks, service
from tca_app.features.health.service import _kept
from tests.factories import until
from tests.logs import written_log


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[redis.Redis]:
    """A Redis of this test's own, by which the process goes; a client that is signed in."""
    monkeypatch.setattr(service, "sampled", SampledLog(__name__))
    own = RedisServer(tmp_path)
    url = own.start()
    await close_redis()
    monkeypatch.setattr(get_settings(), "redis_url", SecretStr(url))
    monkeypatch.setattr(module, "TIMEOUT_S", 0.25)
    with redis.Redis.from_url(url) as client:
        yield client
    await close_redis()
    own.stop()


async def _ready(api: httpx.AsyncClient) -> httpx.Response:
    _kept.cache_clear()
    return await api.get("/health/ready")


async def test_a_wrong_redis_password_is_not_ready(api: httpx.AsyncClient, server: redis.Redis) -> None:
    assert (await _ready(api)).status_code == 200
    server.config_set("requirepass", "right")
    await close_redis()
    with written_log() as text:
        answer = await _ready(api)
    server.config_set("requirepass", "")
    assert answer.status_code == 503
    assert answer.json()["status"] == "down"
    assert answer.json()["checks"]["redis"]["status"] == "down"
    assert "refuses the user or password of REDIS_URL" in text.getvalue()
    assert (await _ready(api)).status_code == 200


async def test_a_hung_redis_is_degraded_and_ready(api: httpx.AsyncClient, server: redis.Redis) -> None:
    info: Any = server.info("server")
    pid = int(info["process_id"])
    os.kill(pid, signal.SIGSTOP)
    answer = await _ready(api)
    os.kill(pid, signal.SIGCONT)
    assert (answer.status_code, answer.json()["checks"]["redis"]["status"]) == (200, "degraded")


async def test_the_process_knows_within_seconds_whether_redis_is_unreachable(server: redis.Redis) -> None:
    watching = asyncio.create_task(watch_redis())
    info: Any = server.info("server")
    pid = int(info["process_id"])
    await until(lambda: not redis_is_unreachable())
    os.kill(pid, signal.SIGSTOP)
    await until(redis_is_unreachable)
    os.kill(pid, signal.SIGCONT)
    await until(lambda: not redis_is_unreachable())
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def test_the_detail_names_the_version_where_the_user_may_ask_for_it(server: redis.Redis) -> None:
    info: Any = server.info("server")
    assert (await internal_checks.PARTS["redis"]()).detail == f"version {info['redis_version']}"
    server.acl_setuser("default", enabled=True, commands=["-info"])
    check = await internal_checks.PARTS["redis"]()
    assert (check.status, check.detail) == ("ok", "responds")
