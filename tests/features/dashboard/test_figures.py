"""Every figure of the dashboard over the demo data equals an independent SQL count, for every viewer."""

from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.demo.organisation import Demo
from tests.factories import bearer, make_deployment, make_project, make_user

_MINE = "(:sees_all OR p.id IN (SELECT project_id FROM project_members WHERE user_id = :viewer))"
_ROWS = (
    "FROM deployments d JOIN environments e ON e.id = d.environment_id JOIN projects p ON p.id = d.project_id "
    f"WHERE p.deleted_at IS NULL AND {_MINE}"
)
_DAY = "CAST(d.finished_at AT TIME ZONE 'UTC' AS date)"
_TODAY = "CAST(now() AT TIME ZONE 'UTC' AS date)"

_EVERYBODY = Actor(0, "", "", True, ip="", request_id="")


async def ask(viewer: Actor, statement: str, **values: Any) -> list[Any]:
    async with reading() as session:
        given = {"viewer": viewer.user_id, "sees_all": viewer.is_superuser} | values
        return list((await session.execute(text(statement), given)).all())


async def number(viewer: Actor, what: str, condition: str, **values: Any) -> int:
    [row] = await ask(viewer, f"SELECT {what} {_ROWS} AND {condition}", **values)
    return row[0]


async def viewer_of(kind: str) -> Actor:
    """An administrator, or the member with the most projects."""
    [row] = await ask(
        _EVERYBODY,
        "SELECT u.id, u.username, u.full_name, u.is_superuser FROM users u LEFT JOIN project_members m "
        "ON m.user_id = u.id WHERE u.is_superuser = :wanted AND u.is_active AND u.deleted_at IS NULL "
        "GROUP BY u.id ORDER BY count(*) DESC, u.id LIMIT 1",
        wanted=kind == "administrator",
    )
    return Actor(row.id, row.username, row.full_name, row.is_superuser, ip="192.0.2.1", request_id="test")


@pytest.mark.parametrize("kind", ["administrator", "member"])
async def test_every_figure_is_a_count_of_its_own(demo: Demo, api: httpx.AsyncClient, kind: str) -> None:
    viewer = await viewer_of(kind)
    header = await bearer(viewer)
    for days in (7, 30, 90):
        stats = (await api.get(f"/api/v1/stats?days={days}", headers=header)).json()
        await check_deployments(api, header, viewer, days, stats)
        await check_measures(viewer, days, stats["measures"])
        await check_restored(viewer, days, stats["measures"])
        await check_rest(viewer, days, stats)
        await check_health(viewer, days, stats["health"])


async def check_deployments(
    api: httpx.AsyncClient, header: dict[str, str], viewer: Actor, days: int, stats: dict[str, Any]
) -> None:
    within = f"{_DAY} > {_TODAY} - CAST(:days AS int)"
    earlier = f"{_DAY} > {_TODAY} - 2 * CAST(:days AS int) AND NOT {within}"
    now = await number(viewer, "count(*)", within, days=days)
    before = await number(viewer, "count(*)", earlier, days=days)
    assert now > 0
    assert (stats["deployments"]["now"], stats["deployments"]["before"]) == (now, before)
    check_percent(stats["deployments"])
    listed = await api.get(f"/api/v1/deployments?days={days}&limit=1", headers=header)
    assert int(listed.headers["X-Total-Count"]) == now  # what the card links to
    listed = await api.get(f"/api/v1/deployments?days={days}&status=finished&limit=1", headers=header)
    assert int(listed.headers["X-Total-Count"]) == await number(
        viewer, "count(*)", f"{within} AND d.status IN ('succeeded', 'failed')", days=days
    )
    for period, condition in (("now", within), ("before", earlier)):
        good = await number(viewer, "count(*)", f"{condition} AND d.status = 'succeeded'", days=days)
        bad = await number(viewer, "count(*)", f"{condition} AND d.status = 'failed'", days=days)
        assert stats["success_rate"][period] == (pytest.approx(good / (good + bad)) if good + bad else None)
    by_day = await ask(viewer, f"SELECT {_DAY}, d.status, count(*) {_ROWS} AND {within} GROUP BY 1, 2", days=days)
    wanted = {(day.isoformat(), status): count for day, status, count in by_day}
    found = {
        (row["day"], result): row[result]
        for row in stats["deployments_by_day"]
        for result in ("succeeded", "failed", "cancelled")
        if row[result]
    }
    assert (len(stats["deployments_by_day"]), found) == (days, wanted)
    busy = await ask(
        viewer,
        f"SELECT p.id, count(*), count(*) FILTER (WHERE d.status = 'failed') {_ROWS} AND {within} "
        "GROUP BY p.id ORDER BY 2 DESC, p.name LIMIT 5",
        days=days,
    )
    assert [(p["id"], p["deployments"], p["failed"]) for p in stats["busiest_projects"]] == [tuple(row) for row in busy]
    going_on = await ask(viewer, f"SELECT d.id {_ROWS} AND d.finished_at IS NULL")
    assert {row["id"] for row in stats["deploying"]} == {row.id for row in going_on}


async def check_measures(viewer: Actor, days: int, measures: dict[str, Any]) -> None:
    ended = f"e.tier = 'production' AND {_DAY} > {_TODAY} - CAST(:days AS int)"
    good = await number(viewer, "count(*)", f"{ended} AND d.status = 'succeeded'", days=days)
    started = "d.status = 'failed' AND d.started_at IS NOT NULL"
    failed = await number(viewer, "count(*)", f"{ended} AND {started}", days=days)
    undone = await number(
        viewer,
        "count(*)",
        f"{ended} AND d.status = 'succeeded' AND d.id IN "
        "(SELECT rollback_of_id FROM deployments WHERE status = 'succeeded')",
        days=days,
    )
    assert (measures["succeeded"], measures["finished"]) == (good, good + failed)
    assert measures["deployments_per_day"] == pytest.approx(good / days)
    share = (failed + undone) / (good + failed) if good + failed else None
    assert measures["change_failure_rate"] == pytest.approx(share)
    leads = await ask(
        viewer,
        f"SELECT extract(epoch FROM d.finished_at - d.commit_at) AS s {_ROWS} AND {ended} "
        "AND d.status = 'succeeded' AND d.commit_at IS NOT NULL AND d.id = (SELECT first.id FROM deployments first "
        "WHERE first.environment_id = d.environment_id AND first.commit_sha = d.commit_sha "
        "AND first.status = 'succeeded' ORDER BY first.finished_at, first.id LIMIT 1) ORDER BY 1",
        days=days,
    )
    assert measures["with_commit_time"] == len(leads)
    if leads:
        middle = (leads[(len(leads) - 1) // 2].s + leads[len(leads) // 2].s) / 2
        assert measures["lead_time_s"] == pytest.approx(float(middle))


async def check_health(viewer: Actor, days: int, health: dict[str, Any]) -> None:
    """Worked out here in Python, from the rows: the mean of each check's share, by weight."""
    rows = await ask(
        viewer,
        "SELECT c.id, c.weight, CAST(r.starts_at AT TIME ZONE 'UTC' AS date) AS day, r.count, r.passed "
        "FROM health_checks c JOIN health_rolls r ON r.check_id = c.id LEFT JOIN projects p ON p.id = c.project_id "
        f"WHERE r.seconds = 86400 AND (c.project_id IS NULL OR p.deleted_at IS NULL AND {_MINE})",
    )
    today = (await ask(viewer, f"SELECT {_TODAY} AS day"))[0].day

    def score(first: int, last: int) -> float | None:
        """Of the days from so many days ago to so many days ago."""
        counted: dict[int, list[int]] = {}
        for row in rows:
            if first >= (today - row.day).days >= last:
                one = counted.setdefault(row.id, [row.weight, 0, 0])
                one[1], one[2] = one[1] + row.passed, one[2] + row.count
        total = sum(weight for weight, _, _ in counted.values())
        return 100 * sum(w * passed / count for w, passed, count in counted.values()) / total if total else None

    assert health["now"] is not None
    assert health["now"] < 100
    assert health["now"] == pytest.approx(score(days - 1, 0))
    assert health["before"] == pytest.approx(score(2 * days - 1, days))
    wanted = [score(back, back) for back in range(days - 1, -1, -1)]
    assert [point["score"] for point in health["points"]] == [pytest.approx(value) for value in wanted]


async def check_restored(viewer: Actor, days: int, measures: dict[str, Any]) -> None:
    """Worked out here in Python: an outage begins with the first bad deployment and ends with the next good one."""
    rows = await ask(
        viewer,
        "SELECT d.environment_id, d.finished_at, d.status = 'failed' OR EXISTS (SELECT FROM deployments undo "
        "WHERE undo.rollback_of_id = d.id AND undo.status = 'succeeded') AS is_bad "
        f"{_ROWS} AND e.tier = 'production' AND d.status IN ('succeeded', 'failed') AND d.started_at IS NOT NULL "
        "ORDER BY d.finished_at, d.id",
    )
    today = (await ask(viewer, f"SELECT {_TODAY} AS day"))[0].day
    broken_since: dict[int, datetime] = {}
    took = []
    for row in rows:
        if row.is_bad:
            broken_since.setdefault(row.environment_id, row.finished_at)
            continue
        began = broken_since.pop(row.environment_id, None)
        if began and (today - row.finished_at.astimezone(UTC).date()).days < days:
            took.append((row.finished_at - began).total_seconds())
    assert measures["restored"] == len(took)
    assert measures["time_to_restore_s"] == (pytest.approx(median(took)) if took else None)
    assert took or days < 90


# What was there at the end of each day, by the row of a person and by what the log said last about a project.
_DAYS = (
    "(SELECT CAST(day AS date) AS day FROM generate_series(CAST(:first AS date), CAST(:last AS date), '1 day') AS day)"
)
_PEOPLE_BY_DAY = (
    f"SELECT day, count(u.id) FROM {_DAYS} AS days LEFT JOIN users u "
    "ON CAST(u.created_at AT TIME ZONE 'UTC' AS date) <= day "
    "AND (u.deleted_at IS NULL OR CAST(u.deleted_at AT TIME ZONE 'UTC' AS date) > day) GROUP BY 1 ORDER BY 1"
)
_ACTIVE_BY_DAY = f"""
    SELECT day, count(*) FILTER (WHERE last.status = 'active') FROM {_DAYS} AS days CROSS JOIN projects p
    LEFT JOIN LATERAL (
      SELECT CASE type WHEN 'project_deleted' THEN 'gone' WHEN 'project_restored' THEN data ->> 'status'
        ELSE data #>> '{{after,status}}' END AS status
      FROM events WHERE subject_type = 'project' AND subject_id = p.id
        AND CAST(at AT TIME ZONE 'UTC' AS date) <= day
        AND (type IN ('project_deleted', 'project_restored') OR data -> 'after' ? 'status')
      ORDER BY at DESC, id DESC LIMIT 1) AS last ON true
    WHERE {_MINE} GROUP BY 1 ORDER BY 1
"""


async def check_rest(viewer: Actor, days: int, stats: dict[str, Any]) -> None:
    today = (await ask(viewer, f"SELECT {_TODAY} AS day"))[0].day
    since = {"first": today - timedelta(days=days), "last": today}
    active = f"SELECT count(*) FROM projects p WHERE p.status = 'active' AND p.deleted_at IS NULL AND {_MINE}"
    check_trend(stats["active_projects"], stats["projects_by_day"], await ask(viewer, _ACTIVE_BY_DAY, **since))
    assert stats["active_projects"]["now"] == (await ask(viewer, active))[0][0]
    newest = (
        "SELECT p.id, p.name, p.status, u.full_name FROM projects p JOIN users u ON u.id = p.owner_id "
        f"WHERE p.deleted_at IS NULL AND {_MINE} ORDER BY p.created_at DESC, p.id DESC LIMIT 5"
    )
    found = [(p["id"], p["name"], p["status"], p["owner"]["full_name"]) for p in stats["newest_projects"]]
    assert found == [tuple(row) for row in await ask(viewer, newest)]
    assert stats["has_deployments"]
    if not viewer.is_superuser:
        assert (stats["total_users"], stats["users_by_day"], stats["newest_users"]) == (None, [], [])
        return
    check_trend(stats["total_users"], stats["users_by_day"], await ask(viewer, _PEOPLE_BY_DAY, **since))
    there = "SELECT count(*) FROM users WHERE deleted_at IS NULL"
    assert stats["total_users"]["now"] == (await ask(viewer, there))[0][0]
    newest = (
        "SELECT id, username, full_name FROM users WHERE deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT 5"
    )
    people = [(user["id"], user["username"], user["full_name"]) for user in stats["newest_users"]]
    assert people == [tuple(row) for row in await ask(viewer, newest)]


def check_trend(trend: dict[str, Any], by_day: list[dict[str, Any]], counted: list[Any]) -> None:
    """`counted` begins with the day before the period; the last day is today."""
    assert [(row["day"], row["total"]) for row in by_day] == [(day.isoformat(), count) for day, count in counted[1:]]
    now, before = counted[-1][1], counted[0][1]
    assert (trend["now"], trend["before"]) == (now, before)
    check_percent(trend)


def check_percent(trend: dict[str, Any]) -> None:
    now, before = trend["now"], trend["before"]
    assert trend["percent"] == (pytest.approx(100 * now / before - 100, abs=0.051) if before else None)


async def test_nobody_sees_what_others_deploy(api: httpx.AsyncClient) -> None:
    other, member = await make_user(), await make_user()
    secret = await make_project(other, "Canary")
    for status in ("succeeded", "in_progress"):
        await make_deployment(secret, status=status)
    stats = (await api.get("/api/v1/stats", headers=await bearer(member))).json()
    assert (stats["deployments"]["now"], stats["deploying"], stats["busiest_projects"]) == (0, [], [])
    assert "Canary" not in str(stats)
