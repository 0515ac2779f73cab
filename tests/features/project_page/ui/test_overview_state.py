"""The overview of a project, without a browser."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import insert

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.features.project_page.ui.overview_state import OverviewState
from tca_app.models import HealthCheck, Incident
from tests.factories import environment_of, make_deployment, make_freeze, make_project, make_user
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def overview(console: Console, actor: Actor, project_id: int, query: str = "") -> list[Any]:
    tab = Tab(console, f"{actor.username} {query}", await sign_in(actor), f"/projects/{project_id}{query}")
    await tab.hydrate()
    return await tab.send(OverviewState.load)


async def succeed(project_id: int, environment: str, version: str, hours_ago: float) -> int:
    at = datetime.now(UTC) - timedelta(hours=hours_ago)
    times = {"queued_at": at, "started_at": at, "finished_at": at, "created_at": at}
    return await make_deployment(project_id, environment, status="succeeded", version=version, **times)


async def test_the_strip_says_how_many_releases_an_environment_is_behind(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    for place, version in enumerate(("1.0.0", "1.1.0", "1.2.0", "1.2.0")):
        await succeed(project_id, "development", version, 90 - place)
    await succeed(project_id, "staging", "1.1.0", 5)
    await succeed(project_id, "production", "1.0.0", 3)
    updates = await overview(console, owner, project_id)
    cells = shown(updates, OverviewState, "environments")
    assert [(cell["name"], cell["version"], cell["drift"], cell["is_newest"]) for cell in cells] == [
        ("development", "1.2.0", "Newest", True),
        ("staging", "1.1.0", "Behind by 1 release", False),
        ("production", "1.0.0", "Behind by 2 releases", False),
    ]


async def test_going_back_to_an_earlier_version_is_drift(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    await succeed(project_id, "production", "1.0.0", 9)
    await succeed(project_id, "production", "1.1.0", 6)
    await succeed(project_id, "production", "1.0.0", 3)
    cells = shown(await overview(console, owner, project_id), OverviewState, "environments")
    assert [cell["drift"] for cell in cells] == ["", "", "Behind by 1 release"]


async def test_an_environment_shows_the_health_of_its_address(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    environment_id = await environment_of(project_id)
    about = {"project_id": project_id, "environment_id": environment_id, "name": "Shop: production"}
    async with transaction() as session:
        check = insert(HealthCheck).values(
            key="environment:1", kind="environment", state="failing", last_ok=True, last_latency_ms=85.4, **about
        )
        check_id = (await session.execute(check.returning(HealthCheck.id))).scalar_one()
        opened = insert(Incident).values(check_id=check_id, opened_at=datetime.now(UTC), reason="HTTP 502")
        await session.execute(opened)
    updates = await overview(console, owner, project_id)
    cells = {cell["name"]: (cell["health"], cell["latency"]) for cell in shown(updates, OverviewState, "environments")}
    assert cells == {"development": ("", ""), "staging": ("", ""), "production": ("failing", "85 ms")}
    notices = shown(updates, OverviewState, "notices")
    assert [(entry["kind"], entry["title"], entry["detail"]) for entry in notices] == [
        ("incident", "Shop: production is down", "HTTP 502")
    ]


async def test_a_failure_needs_attention_until_a_success_follows(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    failed = await make_deployment(project_id, status="failed", version="1.1.0", reason="Migration 12 failed")
    notices = shown(await overview(console, owner, project_id), OverviewState, "notices")
    assert [(entry["title"], entry["detail"], entry["url"]) for entry in notices] == [
        ("1.1.0 in production failed", "Migration 12 failed", f"/deployments/{failed}")
    ]
    await make_deployment(project_id, status="succeeded", version="1.1.1")
    tab = Tab(console, "again", await sign_in(owner), f"/projects/{project_id}")
    await tab.hydrate()
    assert shown(await tab.send(OverviewState.load), OverviewState, "notices") in (None, [])


async def test_only_those_who_may_approve_are_asked_to(console: Console) -> None:
    owner, viewer = await make_user(), await make_user()
    project_id = await make_project(owner, team={viewer: "viewer"})
    await make_deployment(project_id, status="pending_approval", version="2.0.0", created_by_id=viewer.user_id)
    notices = shown(await overview(console, owner, project_id), OverviewState, "notices")
    assert [entry["title"] for entry in notices] == ["2.0.0 to production awaits your approval"]
    assert shown(await overview(console, viewer, project_id), OverviewState, "notices") in (None, [])


async def test_a_freeze_is_named_with_its_end(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    await make_freeze(project_id, why="Black Friday")
    updates = await overview(console, owner, project_id)
    (notice,) = shown(updates, OverviewState, "notices")
    assert notice["title"].startswith("All environments frozen until 20")
    assert notice["detail"] == "Black Friday"
    assert {cell["freeze"]["why"] for cell in shown(updates, OverviewState, "environments")} == {"Black Friday"}


async def test_the_bars_count_the_deployments_of_this_project_by_day(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    await succeed(project_id, "production", "1.0.0", 0)
    await make_deployment(project_id, status="failed", version="1.0.1")
    await succeed(await make_project(owner), "production", "9.9.9", 0)
    updates = await overview(console, owner, project_id)
    bars = shown(updates, OverviewState, "bars")
    assert len(bars) == 30
    assert bars[-1]["url"] == f"/deployments?project={project_id}&ended_on={datetime.now(UTC).date()}"
    assert (bars[-1]["succeeded"], bars[-1]["failed"], bars[-1]["heights"]["failed"]) == (1, 1, "50.00%")
    assert shown(updates, OverviewState, "results") == {"succeeded": "1", "cancelled": "0", "failed": "1"}
    assert [row["version"] for row in shown(updates, OverviewState, "recent")] == ["1.0.1", "1.0.0"]
    assert shown(updates, OverviewState, "measures")[0]["value"] == "0.2 a week"


async def test_the_bars_are_those_of_the_days_that_the_url_zooms_to(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    for days in (0, 5, 40):
        await succeed(project_id, "production", f"1.{days}.0", 24 * days)
    day = datetime.now(UTC).date() - timedelta(days=40)
    updates = await overview(console, owner, project_id, f"?from={day}&to={day + timedelta(days=35)}")
    bars = shown(updates, OverviewState, "bars")
    assert [bar["date"] for bar in bars if bar["succeeded"]] == [
        day.isoformat(),
        (day + timedelta(days=35)).isoformat(),
    ]
    assert (len(bars), shown(updates, OverviewState, "results")["succeeded"]) == (36, "2")
    assert sum(bar["tick"] != "" for bar in bars) == 6
    assert shown(updates, OverviewState, "zoom_from") == day.isoformat()
    assert shown(updates, OverviewState, "measures")[0]["basis"] == "2 succeeded"


async def test_other_tabs_do_not_read_the_overview_and_a_tab_that_is_not_theirs_does(console: Console) -> None:
    owner, viewer = await make_user(), await make_user()
    project_id = await make_project(owner, team={viewer: "viewer"})
    assert shown(await overview(console, owner, project_id, "?tab=settings"), OverviewState, "is_loaded") is not True
    assert shown(await overview(console, viewer, project_id, "?tab=settings"), OverviewState, "is_loaded") is True


async def test_the_metrics_have_their_curves_in_every_language(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    tab = Tab(console, "german", await sign_in(owner), f"/projects/{project_id}")
    tab.headers["accept-language"] = "de"
    await tab.hydrate()
    figures = shown(await tab.send(OverviewState.load), OverviewState, "measures")
    assert [figure["label"] for figure in figures][:2] == ["Deployment-Häufigkeit", "Durchlaufzeit"]
