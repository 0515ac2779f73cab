"""The latency of a component is measured independently of the others."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.consumers.health import probe_round
from tca_app.core.database.session import reading
from tca_app.features.health import service
from tca_app.features.health.internal_checks import PARTS
from tca_app.features.health.probing import probes
from tca_app.features.health.schemas import Check
from tests.factories import make_project, make_user
from tests.features.health.probing.test_runs import put_online
from tests.sinks import HttpSink

SLOW_S = 0.5


@pytest.fixture(params=["database", "disk"])
def slow(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A component that takes its time and lets nothing else of the process run meanwhile."""

    async def check() -> Check:
        time.sleep(SLOW_S)  # noqa: ASYNC251  this is the slow component
        return Check(status="ok", detail="slow")

    monkeypatch.setitem(PARTS, request.param, check)
    return str(request.param)


async def test_one_slow_component_does_not_make_the_others_look_slow(slow: str) -> None:
    await probe_round(datetime.now(UTC))  # opens connections and reads the migrations
    await probe_round(datetime.now(UTC).replace(year=2100))
    async with reading() as session:
        found = await session.execute(text("SELECT key, last_latency_ms FROM health_checks WHERE last_ok IS NOT NULL"))
    latency = {row.key: row.last_latency_ms for row in found}
    assert latency.pop(slow) >= SLOW_S * 1e3
    assert set(latency) == set(PARTS) - {slow, "backup", "event_export"}  # neither is set
    assert max(latency.values()) < SLOW_S * 1e3 / 2, latency


async def test_the_answer_of_health_has_the_latency_of_each_component(slow: str) -> None:
    await service._check_all()  # opens connections and reads the migrations
    checks = (await service._check_all()).checks
    latency = {name: check.latency_ms or 0 for name, check in checks.items() if name != slow}
    assert max(latency.values()) < SLOW_S * 1e3 / 2, latency


class Slow(asyncio.Event):
    """What a target waits for before each answer: an event that is set when its latency has passed."""

    async def wait(self) -> Literal[True]:
        is_due = asyncio.Event()
        asyncio.get_running_loop().call_later(SLOW_S, is_due.set)
        return await is_due.wait()


async def test_a_slow_target_does_not_make_the_others_look_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither while it is asked at the same time, nor for those that wait until it has answered."""
    owner = await make_user()
    async with HttpSink() as slow, HttpSink() as fast:
        slow.hold = Slow()
        hosts = [f"127.0.0.1:{sink.port}" for sink in (slow, fast)]
        monkeypatch.setattr(get_settings(), "outbound_allowed_hosts", hosts)
        for number, sink in enumerate((slow, fast, fast)):
            await put_online(await make_project(owner, f"Project {number}"), sink.url)
        for minute, at_a_time in enumerate((20, 1)):
            monkeypatch.setattr(probes, "MAX_CONCURRENT_PROBES", at_a_time)
            await probe_round(datetime.now(UTC).replace(year=2100) + timedelta(minutes=minute))
            async with reading() as session:
                of_targets = text("SELECT name, last_latency_ms FROM health_checks WHERE project_id IS NOT NULL")
                latency = {row.name: row.last_latency_ms for row in await session.execute(of_targets)}
            assert latency.pop("Project 0 production") >= SLOW_S * 1e3
            assert max(latency.values()) < SLOW_S * 1e3 / 2, (at_a_time, latency)
