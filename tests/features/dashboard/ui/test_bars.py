"""The bars of charts count days in UTC, and open exactly the rows that they count, wherever the viewer is."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.actor import Actor
from tca_app.features.dashboard.ui.state import DashboardState
from tca_app.features.deployments.ui.state import DeploymentsState
from tca_app.features.dora.ui.state import DoraState
from tca_app.features.project_page.ui.overview_state import OverviewState
from tca_app.features.users.events import UserCreated, UserDeleted
from tca_app.features.users.ui.state import UsersState
from tca_app.ui.components.day_bars import RESULTS
from tests.factories import happened, make_deployment, make_project, make_user
from tests.ui.harness import Console, Tab, console_on, shown, sign_in

pytestmark = pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/Los_Angeles"])
EDGES = ((9, 0), (9, 23), (8, 4), (5, 20))  # days ago and the hour: near the ends of days in UTC and in the zones


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


def at(days: int, hour: int) -> datetime:
    return datetime.now(UTC).replace(hour=hour, minute=30) - timedelta(days=days)


def days_since(moment: datetime) -> float:
    return (datetime.now(UTC) - moment) / timedelta(days=1)


async def make_viewer(zone: str) -> Actor:
    viewer = await make_user("root", is_superuser=True, created_at=at(60, 12), time_zone=zone)
    await happened(60, UserCreated)
    return viewer


async def open_page(console: Console, actor: Actor, path: str, state: Any, *names: str) -> list[Any]:
    """Returns these vars of a page after it was opened."""
    tab = Tab(console, f"{actor.username} {path}", await sign_in(actor), path)
    await tab.hydrate()
    updates = await tab.send(state.load)
    return [shown(updates, state, name) for name in names]


async def count_rows(console: Console, actor: Actor, url: str, state: Any = DeploymentsState) -> int:
    (rows,) = await open_page(console, actor, url, state, "rows")
    return len(rows or [])


async def put_deployments(project_id: int) -> None:
    """Of each result at each edge, and one that failed before it started."""
    for days, hour in EDGES:
        ended = at(days, hour)
        for status, _label in RESULTS:
            times = {"queued_at": ended, "finished_at": ended, "started_at": None if status == "cancelled" else ended}
            await make_deployment(project_id, status=status, **times)
    ended = at(9, 1)
    await make_deployment(project_id, status="failed", queued_at=ended, started_at=None, finished_at=ended)


async def test_a_day_of_the_users_opens_those_who_existed_then(console: Console, zone: str) -> None:
    viewer = await make_viewer(zone)
    for days, hour in EDGES:
        await make_user(created_at=at(days, hour), deleted_at=at(7, 2) if hour == 23 else None)
        await happened(days_since(at(days, hour)), UserCreated)
    await happened(days_since(at(7, 2)), UserDeleted)
    (days,) = await open_page(console, viewer, "/dashboard", DashboardState, "users_by_day")
    totals = [day["total"] for day in days[-11:-4]]
    assert totals == [1, 3, 4, 3, 3, 4, 4]
    assert [await count_rows(console, viewer, day["url"], UsersState) for day in days[-11:-4]] == totals


async def test_a_bar_of_deployments_opens_those_that_ended_that_day(console: Console, zone: str) -> None:
    viewer = await make_viewer(zone)
    project_id = await make_project(viewer)
    await put_deployments(project_id)
    pages = (
        ("/dashboard", DashboardState, "deployments_by_day"),
        (f"/projects/{project_id}", OverviewState, "bars"),
    )
    for path, state, name in pages:
        bars, results = await open_page(console, viewer, path, state, name, "results")
        ended = [sum(bar[result] for result, _label in RESULTS) for bar in bars[-10:-4]]
        assert ended == [7, 3, 0, 0, 3, 0]
        assert [await count_rows(console, viewer, bar["url"]) for bar in bars[-10:-4]] == ended
        assert results == {"succeeded": "4", "cancelled": "4", "failed": "5"}


async def test_a_week_of_the_metrics_opens_what_it_counts(console: Console, zone: str) -> None:
    viewer = await make_viewer(zone)
    project_id = await make_project(viewer)
    await put_deployments(project_id)
    metrics, units = await open_page(console, viewer, "/dora", DoraState, "metrics", "rows")
    frequency, _lead_time, failures, _restore = metrics
    for bar in frequency["bars"][-3:]:
        count = await count_rows(console, viewer, bar["url"])
        assert bar["value"] == f"{count} succeeded"
    assert failures["basis"] == "4 of 8 finished"
    assert sum([await count_rows(console, viewer, bar["url"]) for bar in failures["bars"]]) == 8
    assert (units[0]["finished"], await count_rows(console, viewer, units[0]["url"])) == ("8", 8)
