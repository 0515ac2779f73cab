"""Every figure of the dashboard over the demo data is what an SQL count of its own finds, for whoever looks."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tca_app import demo
from tca_app.core.actor import Actor
from tca_app.core.db import reading
from tests.factories import bearer, make_deployment, make_project, make_user, run

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
async def test_every_figure_is_a_count_of_its_own(api: httpx.AsyncClient, kind: str) -> None:
    await run(demo.fill)
    viewer = await viewer_of(kind)
    header = await bearer(viewer)
    for days in (7, 30, 90):
        stats = (await api.get(f"/api/v1/stats?days={days}", headers=header)).json()
        await check_deployments(api, header, viewer, days, stats)
        await check_measures(viewer, days, stats["measures"])
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
    ended = f"e.name = 'production' AND {_DAY} > {_TODAY} - CAST(:days AS int)"
    good = await number(viewer, "count(*)", f"{ended} AND d.status = 'succeeded'", days=days)
    failed = await number(viewer, "count(*)", f"{ended} AND d.status = 'failed'", days=days)
    undone = await number(
        viewer,
        "count(*)",
        f"{ended} AND d.status = 'succeeded' AND d.id IN "
        "(SELECT rollback_of_id FROM deployments WHERE status = 'succeeded')",
        days=days,
    )
    assert (measures["succeeded"], measures["finished"]) == (good, good + failed)
    share = (failed + undone) / (good + failed) if good + failed else None
    assert measures["change_failure_rate"] == pytest.approx(share)
    leads = await ask(
        viewer,
        f"SELECT extract(epoch FROM d.finished_at - d.commit_at) AS s {_ROWS} AND {ended} "
        "AND d.status = 'succeeded' AND d.commit_at IS NOT NULL ORDER BY 1",
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


async def check_rest(viewer: Actor, days: int, stats: dict[str, Any]) -> None:
    active = f"SELECT count(*) FROM projects p WHERE p.status = 'active' AND p.deleted_at IS NULL AND {_MINE}"
    assert stats["active_projects"]["now"] == (await ask(viewer, active))[0][0]
    if not viewer.is_superuser:
        assert (stats["total_users"], stats["users_by_day"], stats["projects_by_day"]) == (None, [], [])
        return
    people = (
        "SELECT count(*) FROM users WHERE CAST(created_at AT TIME ZONE 'UTC' AS date) <= :day "
        "AND (deleted_at IS NULL OR CAST(deleted_at AT TIME ZONE 'UTC' AS date) > :day)"
    )
    for row in (*stats["users_by_day"][:: max(1, days // 7)], stats["users_by_day"][-1]):
        assert row["total"] == (await ask(viewer, people, day=date.fromisoformat(row["day"])))[0][0]
    first = date.fromisoformat(stats["users_by_day"][0]["day"]) - timedelta(days=1)
    assert stats["total_users"]["before"] == (await ask(viewer, people, day=first))[0][0]
    assert stats["projects_by_day"][-1]["total"] == stats["active_projects"]["now"]


async def test_nobody_sees_what_others_deploy(api: httpx.AsyncClient) -> None:
    other, member = await make_user(), await make_user()
    secret = await make_project(other, "Canary")
    for status in ("succeeded", "in_progress"):
        await make_deployment(secret, status=status)
    stats = (await api.get("/api/v1/stats", headers=await bearer(member))).json()
    assert (stats["deployments"]["now"], stats["deploying"], stats["busiest_projects"]) == (0, [], [])
    assert "Canary" not in str(stats)
