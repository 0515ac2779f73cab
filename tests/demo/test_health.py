"""Demo health: a consistent history, incidents with notes, and nothing that fails once real probes begin."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import text

from tca_app.consumers.health import probe_round
from tca_app.core.database.session import reading
from tca_app.demo import organisation
from tca_app.demo.organisation import Demo
from tca_app.features.retention import service as retention
from tests.factories import bearer, make_admin, run

# Each longer aggregate is the sum of the shorter ones, as long as retention keeps those.
_DIFFERENT = """
    WITH added AS (
      SELECT check_id, date_bin(make_interval(secs => :longer), starts_at, '2000-01-01T00:00:00Z') AS starts_at,
        sum(count) AS count, sum(passed) AS passed
      FROM health_rolls WHERE seconds = :shorter GROUP BY 1, 2
    )
    SELECT count(*) FROM added JOIN health_rolls AS roll USING (check_id, starts_at)
    WHERE seconds = :longer AND (roll.count, roll.passed) <> (added.count, added.passed)
"""


async def value(statement: str, **values: Any) -> Any:
    async with reading() as session:
        return (await session.execute(text(statement), values)).scalar_one()


async def test_the_demo_was_probed_for_120_days_and_what_is_kept_adds_up(api: httpx.AsyncClient) -> None:
    admin = await make_admin("firstadmin")
    await probe_round(datetime.now(UTC) - timedelta(minutes=3))  # the console has run for some minutes
    await run(organisation.fill)
    checks = await value("SELECT count(*) FROM health_checks")
    assert checks >= 12
    assert await value("SELECT count(*) FROM health_rolls WHERE passed > count") == 0
    for shorter, longer in ((300, 3600), (3600, 86_400)):
        assert await value(_DIFFERENT, shorter=shorter, longer=longer) == 0
    span = "SELECT date_part('day', now() - min(starts_at)) FROM health_rolls WHERE seconds = :seconds"
    assert [await value(span, seconds=seconds) for seconds in (300, 3600, 86_400)] == [29, 120, 120]
    kept = await value("SELECT count(*) FROM health_samples")
    await run(retention.trim)
    assert await value("SELECT count(*) FROM health_samples") == kept  # nothing that retention would have taken
    header = await bearer(admin)
    incidents = (await api.get("/api/v1/incidents", headers=header)).json()
    manual = {one["title"]: one for one in incidents if one["is_manual"]}
    by_checks = [one for one in incidents if not one["is_manual"]]
    assert len(by_checks) >= 8
    assert sum(bool(one["notes"]) for one in by_checks) >= 6
    assert all(one["notified"] and one["closed_at"] for one in by_checks)
    slow, mails = manual["Slow responses"], manual["Delayed mails"]
    assert (slow["status"], slow["closed_at"], bool(slow["acknowledged_by"])) == ("identified", None, True)
    assert (mails["status"], [note["status"] for note in mails["notes"]][-1]) == ("resolved", "resolved")
    assert all(one["components"] and one["notified_count"] for one in manual.values())
    windows = (await api.get("/api/v1/maintenance-windows", headers=header)).json()
    assert {window["state"] for window in windows} == {"scheduled", "completed"}
    missed = "SELECT count(*) FROM health_rolls WHERE seconds = 86400 AND passed < count - 100"
    assert await value(missed) >= 1  # the longest incident can be seen in its day


async def test_ten_minutes_later_nothing_of_the_demo_is_red(demo: Demo, api: httpx.AsyncClient) -> None:
    """Its hosts do not exist. They are paused, and say so; the console's own parts are asked for real."""
    admin = await make_admin("firstadmin")
    incidents = await value("SELECT count(*) FROM incidents")
    for minutes in range(1, 11):
        await probe_round(datetime.now(UTC) + timedelta(minutes=minutes))
    checks = (await api.get("/api/v1/health/checks", headers=await bearer(admin))).json()
    places = [check for check in checks if check["kind"] == "environment"]
    assert {(check["is_paused"], check["state"]) for check in places} == {(True, "unknown")}
    assert {check["last_detail"] for check in places} == {"Paused: this host of the demo does not exist"}
    parts = {check["name"]: check["state"] for check in checks if check["kind"] == "part"}
    assert parts.pop("Backup") == parts.pop("Event export") == "unknown"  # off unless a setting turns them on
    assert set(parts.values()) == {"passing"}
    assert await value("SELECT count(*) FROM incidents") == incidents
