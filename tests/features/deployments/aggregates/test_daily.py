"""Daily aggregates equal the deployments, in whatever order and however often events come."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tca_app.consumers.analytics import begin_periods, recount
from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.features.deployments import dora_metrics, service as deployments
from tca_app.features.deployments.aggregates import repair
from tca_app.features.deployments.aggregates.daily import refresh_deployments
from tca_app.features.deployments.schemas import DeploymentCreate, DeploymentStep
from tca_app.features.environments import service as environments
from tca_app.features.environments.schemas import EnvironmentUpdate
from tca_app.features.environments.tiers import TIER_LABELS
from tca_app.features.projects import service as projects
from tca_app.features.retention.service import purge_trash
from tests.factories import bearer, do_jobs, environment_of, make_admin, make_deployment, make_project, make_user, run

NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
TABLES = ("daily_deployments", "daily_deployment_totals", "daily_durations", "deployments_since")
# Of its own: the outages and arrivals one after the other, as a person would find them.
BY_HAND = """
SELECT d.environment_id, CAST(d.finished_at AT TIME ZONE 'UTC' AS date) AS day, d.status, d.finished_at,
  d.status = 'failed' AND d.started_at IS NULL AS unstarted,
  coalesce(nullif(d.commit_sha, ''), d.commit_at::text) AS commit,
  d.status = 'failed' AND d.started_at IS NOT NULL
    OR EXISTS (SELECT FROM deployments u WHERE u.rollback_of_id = d.id AND u.status = 'succeeded') AS bad,
  extract(epoch FROM d.finished_at - d.commit_at) AS lead
FROM deployments d WHERE d.finished_at IS NOT NULL ORDER BY d.environment_id, d.finished_at, d.id
"""


async def rows(statement: str) -> list[Any]:
    async with reading() as session:
        return list((await session.execute(text(statement))).all())


async def write(*statements: str) -> None:
    async with transaction() as session:
        for statement in statements:
            await session.execute(text(statement))


async def rolled() -> dict[str, list[Any]]:
    return {
        table: [row for row in await rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4") if any(row[-1:])]
        if table == "daily_durations"
        else await rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4")
        for table in TABLES
    }


async def by_hand() -> dict[tuple[int, date], list[Any]]:
    """By environment and day: succeeded, failed, cancelled, bad, unstarted, lead times and times to restore."""
    days: dict[tuple[int, date], list[Any]] = {}
    arrived: set[tuple[int, str]] = set()
    place, broken_since = None, None
    for row in await rows(BY_HAND):
        found = days.setdefault((row.environment_id, row.day), [0, 0, 0, 0, 0, [], []])
        found[("succeeded", "failed", "cancelled").index(row.status)] += 1
        if row.environment_id != place:
            place, broken_since = row.environment_id, None
        found[4] += row.unstarted
        if row.status == "cancelled" or row.unstarted:
            continue
        if row.status == "succeeded" and (place, row.commit) not in arrived:
            arrived.add((place, row.commit))
            if row.lead is not None:
                found[5].append(float(row.lead))
        if row.bad:
            found[3] += 1
            broken_since = broken_since or row.finished_at
        elif broken_since:
            found[6].append((row.finished_at - broken_since).total_seconds())
            broken_since = None
    return days


async def as_rolled() -> dict[tuple[int, date], list[Any]]:
    found = await rows(
        "SELECT environment_id, day, succeeded, failed, cancelled, bad, unstarted, lead_us, restored_us "
        "FROM daily_deployments"
    )
    return {
        (row[0], row[1]): [*row[2:7], [us / 1e6 for us in row.lead_us], [us / 1e6 for us in row.restored_us]]
        for row in found
    }


async def history(owner: Actor, count: int = 60) -> list[int]:
    """Deployments of four projects over three weeks: good, bad and never started, some of them taken back.

    Half of them have a commit that was there before, some of those without its time.
    """
    dice = random.Random(5)
    places = [(await make_project(owner), name) for _ in range(2) for name in ("staging", "production")]
    made: list[tuple[int, int]] = []
    for number in range(count):
        place = dice.randrange(len(places))
        status = dice.choices(("succeeded", "failed", "cancelled"), (7, 3, 1))[0]
        before = [deployment for there, deployment in made if there == place]
        undone = dice.choice(before) if before and status == "succeeded" and dice.random() < 0.3 else None
        at = NOW - timedelta(hours=8 * (count - number), seconds=dice.randrange(3600))
        commit_at = at - timedelta(seconds=dice.randrange(90_000)) if dice.random() < 0.8 else None
        commit_sha = f"{dice.randrange(count // 4):07x}" if dice.random() < 0.8 else ""
        if made and dice.random() < 0.2:
            commit_at = NOW - timedelta(days=24)  # without its hash, the same commit again
        project_id, environment = places[place]
        fields = {"status": status, "finished_at": at, "commit_at": commit_at, "rollback_of_id": undone}
        fields |= {"commit_sha": commit_sha, "queued_at": at - timedelta(hours=dice.randrange(30))}
        if status == "failed" and dice.random() < 0.3:
            fields["started_at"] = None
        made.append((place, await make_deployment(project_id, environment, **fields)))
    return [deployment for _, deployment in made]


async def test_daily_aggregates_equal_the_rows_in_any_order_of_events() -> None:
    made = await history(await make_user())
    await run(begin_periods)
    wanted = await by_hand()
    assert sum(len(day[6]) for day in wanted.values()) > 3
    assert await as_rolled() == wanted
    before = await rolled()
    dice = random.Random(6)
    twice = [*made, *made]
    dice.shuffle(twice)
    for deployment_id in twice[:40]:
        await run(refresh_deployments, [deployment_id])
    assert await rolled() == before
    await write("DELETE FROM daily_deployments")
    numbers = "succeeded + failed + cancelled + bad + unstarted"
    assert await rows(f"SELECT FROM daily_deployment_totals WHERE {numbers} <> 0") == []
    assert await rows("SELECT FROM daily_durations WHERE count <> 0") == []
    assert await rows("SELECT FROM deployments_since WHERE deployments + failed <> 0") == []
    for deployment_id in twice:
        await run(refresh_deployments, [deployment_id])
    assert await as_rolled() == wanted
    assert await rolled() == before
    assert (await run(recount))[1] == []


async def test_each_step_is_aggregated_once_however_often_its_event_comes(api: httpx.AsyncClient) -> None:
    admin = await make_admin()
    project_id = await make_project(admin)
    for result in ("succeeded", "failed"):
        data = DeploymentCreate(environment="production", version="1.0.0", commit_at=NOW)
        made = await run(deployments.create_deployment, admin, project_id, data)
        for status in ("in_progress", result):
            await run(deployments.step_deployment, admin, made.id, DeploymentStep(status=status))
    assert (await run(recount))[1] == []  # what waits is no difference
    assert await rows("SELECT FROM daily_deployments") == []
    await do_jobs()
    # An event that nobody noted as dealt with comes a second time.
    await write(
        "DELETE FROM event_effects WHERE consumer = 'analytics'",
        "SELECT procrastinate_defer_jobs_v1(array_agg(ROW('analytics_queue', 'consume_analytics', 0, NULL, NULL, "
        "jsonb_build_object('event_id', id, 'cause', jsonb_build_object('request_id', '', 'user_id', NULL)), now())"
        "::procrastinate_job_to_defer_v1)) FROM events",
    )
    await do_jobs()
    [row] = await rows("SELECT succeeded, failed, bad, cardinality(lead_us) AS leads FROM daily_deployments")
    assert tuple(row) == (1, 1, 1, 1)
    stats = (await api.get("/api/v1/stats?days=7", headers=await bearer(admin))).json()
    assert (stats["deployments"]["now"], stats["measures"]["finished"]) == (2, 2)


async def seen(api: httpx.AsyncClient, header: dict[str, str]) -> dict[str, Any]:
    """Every figure of deployments that the dashboard shows, and what the list counts."""
    stats = (await api.get("/api/v1/stats?days=30", headers=header)).json()
    listed = await api.get("/api/v1/deployments?days=30&limit=1", headers=header)
    return {
        "cards": stats["deployments"]["now"],
        "days": sum(day["succeeded"] + day["failed"] + day["cancelled"] for day in stats["deployments_by_day"]),
        "busiest": [project["deployments"] for project in stats["busiest_projects"]],
        "measures": stats["measures"]["finished"],
        "list": int(listed.headers["X-Total-Count"]),
    }


def all_are(*by_project: int) -> dict[str, Any]:
    total = sum(by_project)
    return {"cards": total, "days": total, "busiest": list(by_project), "measures": total, "list": total}


async def test_a_project_takes_its_past_along_to_the_trash_and_for_good(api: httpx.AsyncClient) -> None:
    """One rule for all figures and everybody."""
    admin, owner = await make_admin(), await make_user()
    kept, gone = await make_project(owner), await make_project(owner)
    for project_id, count in ((kept, 2), (gone, 3)):
        for _ in range(count):
            await make_deployment(project_id, status="succeeded", finished_at=NOW)
    await run(begin_periods)
    headers = [await bearer(admin), await bearer(owner)]

    async def everybody_sees(*by_project: int) -> None:
        for header in headers:
            assert await seen(api, header) == all_are(*by_project)

    await everybody_sees(3, 2)
    await run(projects.delete_project, owner, gone)
    await do_jobs()
    await everybody_sees(2)
    await run(projects.restore_project, owner, gone)
    await do_jobs()
    await everybody_sees(3, 2)
    await run(projects.delete_project, owner, gone)
    await write(f"UPDATE projects SET deleted_at = now() - interval '40 days' WHERE id = {gone}")
    await run(purge_trash)  # before any event about the trash
    await do_jobs()
    await everybody_sees(2)
    assert (await run(recount))[1] == []


async def test_a_day_ends_at_midnight_utc(api: httpx.AsyncClient) -> None:
    admin, owner = await make_admin(), await make_user()
    project_id = await make_project(owner)
    midnight = NOW.replace(hour=0)
    for at in (midnight - timedelta(microseconds=1), midnight, midnight + timedelta(hours=23, minutes=59, seconds=59)):
        await make_deployment(project_id, status="succeeded", finished_at=at)
    for viewer in (admin, owner):
        stats = (await api.get("/api/v1/stats?days=7", headers=await bearer(viewer))).json()
        by_day = {day["day"]: day["succeeded"] for day in stats["deployments_by_day"] if day["succeeded"]}
        assert by_day == {(midnight - timedelta(days=1)).date().isoformat(): 1, midnight.date().isoformat(): 2}


async def test_what_is_measured_follows_the_tier_of_an_environment_and_not_its_name(api: httpx.AsyncClient) -> None:
    admin, owner = await make_admin(), await make_user()
    project_id = await make_project(owner)
    for days in (0, 20):
        at = NOW - timedelta(days=days)
        await make_deployment(project_id, status="succeeded", commit_at=at - timedelta(hours=1), finished_at=at)
    await make_deployment(project_id, "staging", status="failed", finished_at=NOW)
    place = await environment_of(project_id)

    async def measured_after(**change: Any) -> dict[str, int]:
        await run(environments.update_environment, owner, project_id, place, EnvironmentUpdate(**change))
        await do_jobs()
        found = [await of_each_tier(api, await bearer(viewer)) for viewer in (admin, owner)]
        assert found[0] == found[1]
        assert (await run(recount))[1] == []
        return found[0]

    assert await measured_after(name="Our customers") == {"production": 2, "staging": 1}
    assert await measured_after(tier="testing") == {"testing": 2, "staging": 1}
    assert await measured_after(tier="staging", name="production") == {"staging": 3}


async def of_each_tier(api: httpx.AsyncClient, header: dict[str, str]) -> dict[str, int]:
    """How many finished deployments are measured in which tier."""
    found = {}
    for tier in TIER_LABELS:
        answer = await api.get(f"/api/v1/deployments/measures?tier={tier}", headers=header)
        found[str(tier)] = answer.json()["finished"]
    return {tier: count for tier, count in found.items() if count}


async def test_the_busiest_are_the_same_with_and_without_the_sums_of_the_period(api: httpx.AsyncClient) -> None:
    admin = await make_admin()
    await history(admin)
    header = await bearer(admin)

    async def busiest() -> list[Any]:
        async with transaction() as session:  # nothing of before is remembered
            await session.execute(text("UPDATE projects SET updated_at = now()"))
        found = []
        for days in (7, 30, 90):
            found.append((await api.get(f"/api/v1/stats?days={days}", headers=header)).json()["busiest_projects"])
        return found

    without = await busiest()
    assert len(without[2]) == 4
    await run(begin_periods)
    assert await busiest() == without
    # Yesterday's periods end, and those of tomorrow are begun only once.
    await write(
        "INSERT INTO rolled_since VALUES ('2020-01-01')", "INSERT INTO deployments_since VALUES ('2020-01-01', 1, 1, 1)"
    )
    await run(begin_periods)
    assert len(await rows("SELECT FROM rolled_since")) == 6
    assert await rows("SELECT FROM deployments_since WHERE since = '2020-01-01'") == []
    assert await busiest() == without


async def test_recount_repairs_daily_aggregates() -> None:
    await history(await make_user())
    await run(begin_periods)
    right = await rolled()
    await write(
        "UPDATE daily_deployments SET bad = bad + 1, lead_us = '{5}' "
        "WHERE day = (SELECT min(day) FROM daily_deployments)",
        "DELETE FROM daily_deployments WHERE day = (SELECT max(day) FROM daily_deployments)",
        "INSERT INTO daily_deployments (environment_id, day, project_id, tier, counts, succeeded, failed, cancelled, "
        "bad, unstarted, lead_us, restored_us) "
        "SELECT id, '2020-01-01', project_id, 'x', true, 1, 0, 0, 0, 0, '{}', '{7}' "
        "FROM environments ORDER BY id LIMIT 1",
        "UPDATE daily_deployment_totals SET succeeded = succeeded + 4 WHERE tier = 'staging'",
        "DELETE FROM daily_durations WHERE kind = 'restore'",
        "UPDATE deployments_since SET failed = 100",
    )
    _, wrong, mended_rows = await run(recount)
    assert mended_rows == len(wrong)
    said = " ".join(wrong)
    assert all(name in said for name in ("deployments of environment", *TABLES[1:]))
    mended = await rolled()
    mended["daily_deployment_totals"] = [row for row in mended["daily_deployment_totals"] if any(row[2:])]
    assert mended == right
    assert (await run(recount))[1] == []


async def test_the_median_of_many_is_within_two_percent(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await make_user()
    await history(owner)

    async def measured(viewer: Actor) -> tuple[list[float], dict[str, Any]]:
        found = (await api.get("/api/v1/deployments/measures?days=30", headers=await bearer(viewer))).json()
        return [found.pop(name) for name in ("lead_time_s", "time_to_restore_s")], found

    exact = await measured(owner)
    assert await measured(await make_admin()) == exact
    monkeypatch.setattr(dora_metrics, "FEW", 0)
    medians, rest = await measured(await make_admin())
    assert medians == pytest.approx(exact[0], rel=0.02)
    assert medians != exact[0]
    assert rest == exact[1]


async def test_of_many_differences_the_first_are_reported_and_all_are_repaired(monkeypatch: pytest.MonkeyPatch) -> None:
    await history(await make_user())
    await run(begin_periods)
    right = await rolled()
    await write("DELETE FROM daily_deployments")
    monkeypatch.setattr(repair, "MAX_REPORTED", 2)
    found = await run(recount)
    assert (len(found.differences), found.mended) == (2, len(right["daily_deployments"]))
    assert await rolled() == right
