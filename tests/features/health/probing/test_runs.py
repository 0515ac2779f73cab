"""Probe runs with an injected clock: targets, samples, and incidents that open and resolve."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.consumers.health import probe_round
from tca_app.core.database.session import reading
from tca_app.features.health.internal_checks import PARTS
from tca_app.features.health.schemas import Check
from tca_app.features.retention import service as retention
from tests.factories import do_jobs, environment_of, make_admin, make_project, make_user, run
from tests.sinks import HttpSink

IN_USE = len(PARTS) - 2  # no backup is scheduled, and no event exported
START = datetime(2026, 5, 4, 9, 58, tzinfo=UTC)


@pytest.fixture
async def sink(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpSink]:
    async with HttpSink() as running:
        monkeypatch.setattr(get_settings(), "outbound_allowed_hosts", [f"127.0.0.1:{running.port}"])
        yield running


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs wait here until a test runs them, which the check of jobs would rightly report as failing."""

    async def fine() -> Check:
        return Check(status="ok", detail="0 waiting")

    monkeypatch.setitem(PARTS, "jobs", fine)


async def rows(statement: str, **values: Any) -> list[Any]:
    async with reading() as session:
        return list((await session.execute(text(statement), values)).all())


async def change(statement: str, **values: Any) -> None:
    async def act(session: Any) -> None:
        await session.execute(text(statement), values)

    await run(act)


async def put_online(project_id: int, url: str) -> None:
    place = await environment_of(project_id)
    await change("UPDATE environments SET url = :url WHERE id = :id", url=url, id=place)


async def rounds(count: int, first: int = 0) -> None:
    """So many rounds, a minute apart."""
    for minute in range(first, first + count):
        await probe_round(START + timedelta(minutes=minute))


async def test_the_first_round_asks_every_part_and_remembers_what_it_says() -> None:
    assert await probe_round(START + timedelta(seconds=7)) == len(PARTS)
    found = await rows("SELECT key, kind, state, last_at, last_ok, last_latency_ms > 0 FROM health_checks ORDER BY key")
    healthy = {"database", "disk", "jobs", "mail", "migrations", "redis", "streams"}
    expected = {(key, "part", "passing", START, True, True) for key in healthy}
    assert {tuple(row) for row in found} == expected | {
        (key, "part", "unknown", START, None, None) for key in ("backup", "event_export")
    }
    assert [tuple(row) for row in await rows("SELECT count(*), min(at), max(at) FROM health_samples")] == [
        (7, START, START)
    ]


async def test_what_is_no_longer_scheduled_is_not_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(get_settings(), "backup_dir", tmp_path)
    await rounds(3)
    monkeypatch.setattr(get_settings(), "backup_dir", None)
    monkeypatch.setattr(get_settings(), "smtp_url", SecretStr("off"))
    await rounds(1, first=3)
    query = "SELECT state, last_ok, last_detail FROM health_checks WHERE key IN ('backup', 'mail') ORDER BY key"
    assert [tuple(row) for row in await rows(query)] == [
        ("unknown", None, "no backup is scheduled: set BACKUP_DIR"),
        ("unknown", None, "SMTP_URL is off: no mail is sent"),
    ]
    assert await rows("SELECT FROM incidents WHERE closed_at IS NULL") == []
    samples = "SELECT count(*) FROM health_samples JOIN health_checks ON id = check_id WHERE key = 'backup'"
    assert (await rows(samples))[0][0] == 3


async def test_two_workers_in_the_same_minute_ask_once(sink: HttpSink) -> None:
    await put_online(await make_project(await make_user()), f"{sink.url}/ready")
    asked = await asyncio.gather(*(probe_round(START + timedelta(seconds=n)) for n in range(4)))
    assert sum(asked) == len(PARTS) + 1
    assert [request.path for request in sink.got] == ["/ready"]
    assert (await rows("SELECT count(*) FROM health_samples"))[0][0] == IN_USE + 1
    assert await probe_round(START + timedelta(minutes=1)) == len(PARTS) + 1


async def test_an_incident_opens_after_three_failures_and_closes_after_two_passes(sink: HttpSink) -> None:
    owner = await make_user("olga")
    project_id = await make_project(owner, "Ledger")
    await put_online(project_id, sink.url)
    sink.answers = [200, 500, 500, 200, 503, 502, 500, 500, 200, 500, 200, 200]
    await rounds(6)
    assert await rows("SELECT FROM incidents") == []
    await rounds(2, first=6)
    (incident,) = await rows("SELECT opened_at, closed_at, reason, id FROM incidents")
    link = f"/incidents/{incident.id}"
    assert tuple(incident)[:3] == (START + timedelta(minutes=6), None, "HTTP 500")
    await rounds(3, first=8)
    assert (await rows("SELECT closed_at FROM incidents"))[0][0] is None
    await rounds(1, first=11)
    assert (await rows("SELECT closed_at FROM incidents"))[0][0] == START + timedelta(minutes=11)
    events = await rows("SELECT type, subject_name, project_id, data FROM events ORDER BY id")
    assert [event.type for event in events] == ["health_degraded", "health_recovered"]
    assert {(event.subject_name, event.project_id) for event in events} == {("Ledger production", project_id)}
    assert (events[0].data["reason"], events[1].data["lasted"]) == ("HTTP 500", "5 min")
    await do_jobs()
    notified = await rows("SELECT user_id, title, body, link FROM notifications ORDER BY id")
    assert [tuple(line) for line in notified] == [
        (owner.user_id, "Ledger production is down", "HTTP 500", link),
        (owner.user_id, "Ledger production recovered after 5 min", "", link),
    ]


async def test_internal_checks_notify_administrators(monkeypatch: pytest.MonkeyPatch) -> None:
    async def full() -> Check:
        return Check(status="degraded", detail="1% of 10 GiB free")

    monkeypatch.setitem(PARTS, "disk", full)
    monkeypatch.setattr(get_settings(), "health_failures_to_open", 1)
    admin, _ = await make_admin(), await make_user()
    await rounds(2)
    await do_jobs()
    assert [tuple(row) for row in await rows("SELECT user_id, title, body FROM notifications")] == [
        (admin.user_id, "Disk is down", "1% of 10 GiB free")
    ]


async def test_aggregates_are_the_sums_of_the_samples(sink: HttpSink) -> None:
    """From the last minutes of an hour into the next one, counted again in another way."""
    await put_online(await make_project(await make_user()), sink.url)
    sink.answers = [200, 500, 200, 500, 500, 200]
    await rounds(14)
    for seconds, unit in ((300, "5 min"), (3600, "1 hour"), (86400, "1 day")):
        counted = await rows(
            """
            SELECT check_id, to_timestamp(floor(extract(epoch FROM at) / :seconds) * :seconds) AS starts_at,
              count(*), count(*) FILTER (WHERE ok), round(sum(latency_ms)::numeric, 6), max(latency_ms)
            FROM health_samples GROUP BY 1, 2 ORDER BY 1, 2
            """,
            seconds=seconds,
        )
        kept = await rows(
            """
            SELECT check_id, starts_at, count, passed, round(latency_sum_ms::numeric, 6), latency_max_ms
            FROM health_rolls WHERE seconds = :seconds ORDER BY 1, 2
            """,
            seconds=seconds,
        )
        assert [tuple(row) for row in kept] == [tuple(row) for row in counted], unit
    assert len(await rows("SELECT DISTINCT starts_at FROM health_rolls WHERE seconds = 300")) == 4


async def test_what_is_expected_is_compared_and_where_it_leads_is_looked_at(sink: HttpSink) -> None:
    owner = await make_user()
    places = [await make_project(owner) for _ in range(4)]
    for project_id, url in zip(
        places, (sink.url, "http://127.0.0.1:1", "http://169.254.169.254/latest", f"{sink.url}/moved"), strict=True
    ):
        await put_online(project_id, url)
    sink.answers = [302]
    await rounds(1)
    await change("UPDATE health_checks SET expected_status = 200 WHERE project_id = :id", id=places[3])
    await rounds(1, first=1)
    found = {
        row.project_id: (row.last_ok, row.last_detail)
        for row in await rows("SELECT project_id, last_ok, last_detail FROM health_checks WHERE project_id IS NOT NULL")
    }
    assert found[places[0]] == (True, "HTTP 302")
    assert found[places[1]] == (False, "Only the ports 80 and 443 are allowed.")
    assert found[places[2]] == (False, "This address is not on the public Internet.")
    assert found[places[3]] == (False, "HTTP 302, expected 200")


async def test_a_target_that_hangs_costs_its_time_out_and_holds_up_nobody(sink: HttpSink) -> None:
    project_id = await make_project(await make_user())
    await put_online(project_id, sink.url)
    await rounds(1)
    await change("UPDATE health_checks SET timeout_s = 1 WHERE project_id = :id", id=project_id)
    sink.hold = asyncio.Event()
    await rounds(1, first=1)
    sink.hold.set()
    (row,) = await rows("SELECT last_ok, last_detail FROM health_checks WHERE project_id = :id", id=project_id)
    assert tuple(row) == (False, "no response within 1 s")
    assert (await rows("SELECT count(*) FROM health_samples WHERE ok"))[0][0] == 2 * IN_USE + 1


async def test_another_service_is_there_when_it_answers_at_all(sink: HttpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "user_service_url", sink.url)
    sink.answers = [404, 503]
    await rounds(2)
    details = await rows("SELECT ok, detail FROM health_samples WHERE detail LIKE 'HTTP%' ORDER BY at")
    assert [tuple(row) for row in details] == [(True, "HTTP 404"), (False, "HTTP 503")]
    (row,) = await rows("SELECT name, kind, url FROM health_checks WHERE key = 'user_service'")
    assert tuple(row) == ("User service", "service", "")


async def test_what_is_gone_is_asked_no_more_and_its_incident_ends_without_a_word(sink: HttpSink) -> None:
    project_id = await make_project(await make_user())
    await put_online(project_id, sink.url)
    sink.answers = [500]
    await rounds(3)
    assert len(await rows("SELECT FROM incidents WHERE closed_at IS NULL")) == 1
    await change("UPDATE projects SET deleted_at = now() WHERE id = :id", id=project_id)
    await rounds(1, first=3)
    assert len(sink.got) == 3
    assert len(await rows("SELECT FROM incidents WHERE closed_at IS NOT NULL")) == 1
    await change("UPDATE projects SET deleted_at = NULL WHERE id = :id", id=project_id)
    sink.answers = [200]
    await rounds(1, first=4)
    (row,) = await rows("SELECT state, retired_at FROM health_checks WHERE project_id = :id", id=project_id)
    assert tuple(row) == ("passing", None)
    assert [event.type for event in await rows("SELECT type FROM events")] == ["health_degraded"]


async def test_what_is_too_old_goes(sink: HttpSink) -> None:
    await rounds(1)
    await change("UPDATE health_samples SET at = now() - interval '49 hours'")
    await change("UPDATE health_rolls SET starts_at = now() - interval '31 days'")
    await run(retention.trim)
    assert (await rows("SELECT count(*) FROM health_samples"))[0][0] == 0
    left = await rows("SELECT seconds, count(*) FROM health_rolls GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in left] == [(3600, IN_USE), (86400, IN_USE)]
    await change("UPDATE health_rolls SET starts_at = now() - interval '366 days'")
    await run(retention.trim)
    assert await rows("SELECT FROM health_rolls") == []
