"""The end of certificates: read from the connection, and warned of once for each threshold and certificate."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.outgoing import ssrf_safe
from tca_app.features.dashboard.ui.attention_state import AttentionState
from tca_app.features.health.probing.probes import ProbeResult
from tca_app.features.health.probing.runs import store_results
from tca_app.features.health.ui.state import StatusState
from tests.core.outgoing.test_ssrf_safe import Resolver, allow, certificate
from tests.factories import do_jobs, make_check, make_maintenance, make_project, make_user, run
from tests.features.health.probing.test_runs import put_online, rounds, rows
from tests.sinks import HttpSink
from tests.ui.harness import Tab, console_on, shown, sign_in

NOW = datetime(2026, 5, 4, 9, 58, tzinfo=UTC)


async def warned() -> list[int]:
    return [event.data["days"] for event in await rows("SELECT data FROM events ORDER BY id")]


async def probe(check_id: int, until: datetime | None, at: datetime) -> None:
    """Records one passed probe of a target with this certificate."""
    await run(store_results, at, [ProbeResult(check_id, True, 1.0, "HTTP 200", until)])


async def test_the_end_of_a_certificate_is_read_from_the_connection(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = certificate(tmp_path, "good.example.com")
    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_tls.load_cert_chain(file)
    owner = await make_user("olga")
    async with HttpSink(server_tls) as sink:
        allow(monkeypatch, f"good.example.com:{sink.port}")
        monkeypatch.setattr(ssrf_safe, "resolve", Resolver(["127.0.0.1"]))
        monkeypatch.setattr(ssrf_safe, "_tls", lambda: ssl.create_default_context(cafile=file))
        await put_online(await make_project(owner, "Shop"), f"https://good.example.com:{sink.port}/")
        await rounds(1)
    (row,) = await rows("SELECT last_detail, certificate_until FROM health_checks WHERE project_id IS NOT NULL")
    assert row.last_detail == "HTTP 200"
    assert timedelta(hours=23) < row.certificate_until - datetime.now(UTC) < timedelta(days=1)


async def test_each_threshold_is_warned_of_once() -> None:
    owner = await make_user("olga")
    check_id = await make_check(await make_project(owner, "Shop"), "Shop production")
    until = NOW + timedelta(days=40)
    for days in range(41):
        await probe(check_id, until, NOW + timedelta(days=days))
    assert await warned() == [30, 14, 3]
    await do_jobs()
    titles = [line.title for line in await rows("SELECT title FROM notifications ORDER BY id")]
    on = f"on {until:%Y-%m-%d}"
    assert titles == [
        f"The certificate of Shop production expires in {left}, {on}" for left in ("30 days", "14 days", "3 days")
    ]


async def test_a_renewed_certificate_starts_anew_and_one_found_late_warns_once() -> None:
    check_id = await make_check(name="Shop")
    await probe(check_id, NOW + timedelta(days=2), NOW)
    assert await warned() == [3]
    renewed = NOW + timedelta(days=90)
    await probe(check_id, renewed, NOW + timedelta(days=1))
    await probe(check_id, None, NOW + timedelta(days=59))
    assert await warned() == [3]
    await probe(check_id, renewed, NOW + timedelta(days=61))
    assert await warned() == [3, 30]
    (left,) = await rows("SELECT count(*) FROM certificate_warnings")
    assert left[0] == 1  # the first one has expired


async def test_servers_that_answer_in_turn_with_two_certificates_warn_once_for_each() -> None:
    check_id = await make_check(name="Shop")
    first, second = NOW + timedelta(days=10), NOW + timedelta(days=20)
    for minute in range(6):
        await probe(check_id, (first, second)[minute % 2], NOW + timedelta(minutes=minute))
    assert await warned() == [14, 30]


async def test_workers_that_store_the_same_result_at_once_warn_once() -> None:
    check_id = await make_check(name="Shop")
    await asyncio.gather(*(probe(check_id, NOW + timedelta(days=10), NOW) for _ in range(5)))
    assert await warned() == [14]


async def test_maintenance_puts_the_warning_off() -> None:
    check_id = await make_check(name="Shop")
    until = NOW + timedelta(days=10)
    await make_maintenance(None, check_id, starts_at=NOW - timedelta(hours=1), ends_at=NOW + timedelta(hours=1))
    await probe(check_id, until, NOW)
    assert await warned() == []
    await probe(check_id, until, NOW + timedelta(hours=1))
    assert await warned() == [14]


@pytest.mark.parametrize(
    ("left", "words", "tone", "is_listed"),
    [
        (timedelta(days=82, hours=1), "Certificate: 82 days left", "", False),
        (timedelta(days=29, hours=1), "Certificate: 29 days left", "warn", True),
        (timedelta(hours=5), "Certificate: less than a day left", "warn", True),
        (timedelta(hours=-5), "Certificate expired", "bad", True),
    ],
)
async def test_the_days_that_are_left_are_shown(left: timedelta, words: str, tone: str, *, is_listed: bool) -> None:
    owner = await make_user()
    fields: dict[str, Any] = {"certificate_until": datetime.now(UTC) + left, "url": "https://shop.example.com"}
    await make_check(await make_project(owner, "Shop"), "Shop production", **fields)
    async with console_on(StateManagerMemory()) as console:
        tab = Tab(console, "tab", await sign_in(owner), "/status")
        await tab.hydrate()
        (line,) = shown(await tab.send(StatusState.load), StatusState, "components")
        notices = shown(await tab.send(AttentionState.load), AttentionState, "notices") or []
    assert (line["certificate"], line["certificate_tone"]) == (words, tone)
    assert [notice["title"] for notice in notices] == ["The certificate of Shop production expires"] * is_listed
