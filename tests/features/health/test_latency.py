"""The latency of a component is measured independently of the others."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.consumers.health import probe_round
from tca_app.core.database.session import reading
from tca_app.features.health import internal_checks, service
from tca_app.features.health.internal_checks import PARTS
from tca_app.features.health.probing import probes
from tca_app.features.health.schemas import Check
from tests.factories import make_project, make_user, until
from tests.features.health.probing.test_runs import put_online
from tests.sinks import HttpSink

SLOW_S = 60.0


class Clock:
    """The time that is measured: only what is slow lets it pass. So the speed of this machine has no part in it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    for module in (internal_checks, probes):
        monkeypatch.setattr(module, "perf_counter", found)
    for module in (service, probes):  # the next probe waits for the previous one
        monkeypatch.setattr(module, "HEAD_START_S", 30)
    monkeypatch.setattr(internal_checks, "LIMIT_S", 30)
    return found


@pytest.fixture(params=["database", "disk"])
def slow(request: pytest.FixtureRequest, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> str:
    """A component that takes its time and lets nothing else of the process run meanwhile."""

    async def check() -> Check:
        clock.now += SLOW_S
        return Check(status="ok", detail="slow")

    monkeypatch.setitem(PARTS, request.param, check)
    return str(request.param)


async def test_one_slow_component_does_not_make_the_others_look_slow(slow: str) -> None:
    await probe_round(datetime.now(UTC).replace(year=2100))
    async with reading() as session:
        found = await session.execute(text("SELECT key, last_latency_ms FROM health_checks WHERE last_ok IS NOT NULL"))
    latency = {row.key: row.last_latency_ms for row in found}
    assert latency.pop(slow) == SLOW_S * 1e3
    assert latency == dict.fromkeys(set(PARTS) - {slow, "backup", "event_export"}, 0)  # neither is set


async def test_the_answer_of_health_has_the_latency_of_each_component(slow: str) -> None:
    checks = (await service._check_all()).checks
    assert {name: check.latency_ms for name, check in checks.items()} == dict.fromkeys(checks, 0) | {slow: SLOW_S * 1e3}


@dataclass
class Slow(asyncio.Event):
    """Delays the slow target until the other probes are measured, and then by its own latency."""

    clock: Clock
    measured: list[str]
    others: int

    async def wait(self) -> Literal[True]:
        await until(lambda: len(self.measured) >= self.others)
        self.clock.now += SLOW_S
        return True


async def test_a_slow_target_does_not_make_the_others_look_slow(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither while it is asked at the same time, nor for those that wait until it has answered."""
    owner, measured, probe = await make_user(), [], probes._probe

    async def noted(check: Any) -> Any:
        result = await probe(check)
        if check.kind == "environment":
            measured.append(check.url)
        return result

    monkeypatch.setattr(probes, "_probe", noted)
    async with HttpSink() as slow, HttpSink() as fast:
        hosts = [f"127.0.0.1:{sink.port}" for sink in (slow, fast)]
        monkeypatch.setattr(get_settings(), "outbound_allowed_hosts", hosts)
        for number, sink in enumerate((slow, fast, fast)):
            await put_online(await make_project(owner, f"Project {number}"), sink.url)
        for minute, (at_a_time, before) in enumerate(((20, 2), (1, 0))):
            measured.clear()
            slow.hold = Slow(clock, measured, before)
            monkeypatch.setattr(probes, "MAX_CONCURRENT_PROBES", at_a_time)
            await probe_round(datetime.now(UTC).replace(year=2100) + timedelta(minutes=minute))
            async with reading() as session:
                of_targets = text("SELECT name, last_latency_ms FROM health_checks WHERE project_id IS NOT NULL")
                latency = {row.name: row.last_latency_ms for row in await session.execute(of_targets)}
            expected = {f"Project {number} production": 0 for number in (1, 2)} | {"Project 0 production": SLOW_S * 1e3}
            assert latency == expected, at_a_time
