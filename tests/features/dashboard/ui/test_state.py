"""The dashboard without a browser: its figures, and errors that stay in their panel."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.consumers.analytics import recount
from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.core.errors import Unavailable
from tca_app.features.activity.ui.state import RecentState
from tca_app.features.dashboard import service as dashboard
from tca_app.features.dashboard.layout.service import save_layout, standard
from tca_app.features.dashboard.schemas import LayoutUpdate
from tca_app.features.dashboard.ui import health_state
from tca_app.features.dashboard.ui.health_state import HealthState
from tca_app.features.dashboard.ui.running_deployments import open_row
from tca_app.features.dashboard.ui.state import REPORT, DashboardState
from tca_app.features.deployments.events import DeploymentFailed, DeploymentSucceeded
from tca_app.features.deployments.schemas import EnvironmentRef, OpenDeployment
from tca_app.features.projects.events import ProjectCreated
from tca_app.features.projects.schemas import ProjectRef
from tca_app.features.users.events import UserCreated, UserDeleted
from tca_app.ui.components.day_bars import day_words
from tca_app.ui.components.sparks import spark_path
from tca_app.ui.session import SessionState
from tests.factories import happened, make_admin, make_check, make_deployment, make_project, make_user, run
from tests.statements import statements
from tests.ui.harness import Console, Tab, console_on, redirects, shown, sign_in

_ABOUT = {"deployed_version": "1.0.0", "environment": "production", "source": "api", "reporter": ""}
NOTIFYING: dict[str, dict[str, Any]] = {"succeeded": _ABOUT, "failed": _ABOUT | {"reason": "Tests"}}


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def open_tab(console: Console, actor: Actor | None, path: str = "/dashboard") -> Tab:
    tab = Tab(console, actor.username if actor else "nobody", await sign_in(actor) if actor else "", path)
    await tab.hydrate()
    return tab


def ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


async def count(statement: str) -> int:
    async with reading() as session:
        return int((await session.execute(text(statement))).scalar_one())


async def test_the_numbers_are_those_of_the_rows(console: Console) -> None:
    admin = await make_user("root", is_superuser=True, created_at=ago(90))
    for days in (80, 70, 3):
        await make_user(created_at=ago(days))
    await make_user(created_at=ago(60), deleted_at=ago(2))
    for days, status in ((50, "active"), (50, "archived"), (40, "paused"), (5, "active"), (1, "active")):
        await make_project(admin, status=status, created_at=ago(days))
        await happened(days, ProjectCreated, after={"status": status})
    for days in (90, 80, 70, 3, 60):
        await happened(days, UserCreated)
    await happened(2, UserDeleted)
    updates = await (await open_tab(console, admin)).send(DashboardState.load)
    people, projects = (shown(updates, DashboardState, name) for name in ("people_card", "projects_card"))
    users_now = await count("SELECT count(*) FROM users WHERE deleted_at IS NULL")
    users_then = await count(
        "SELECT count(*) FROM users WHERE created_at <= now() - interval '30 days'"
        " AND (deleted_at IS NULL OR deleted_at > now() - interval '30 days')"
    )
    active = await count("SELECT count(*) FROM projects WHERE status = 'active' AND deleted_at IS NULL")
    assert (people["value"], people["direction"]) == (str(users_now), "same")
    assert people["was"] == f"No change vs. 30 days ago ({users_then})"
    assert (projects["value"], projects["direction"]) == (str(active), "up")
    assert (projects["change"], projects["than"]) == ("+200%", "vs. 30 days ago")
    assert projects["was"] == "+200% vs. 30 days ago (1)"
    days = shown(updates, DashboardState, "users_by_day")
    assert (len(days), days[-1]["total"]) == (30, users_now)
    assert len(shown(updates, DashboardState, "newest_projects")) == await count(
        "SELECT least(count(*), 5) FROM projects"
    )


async def test_the_charts_and_the_numbers_are_those_of_the_days_that_the_url_zooms_to(console: Console) -> None:
    admin = await make_user("root", is_superuser=True, created_at=ago(90))
    await happened(90, UserCreated)
    for days in (46, 3):
        await make_user(created_at=ago(days))
        await happened(days, UserCreated)
    project_id = await make_project(admin)
    for days in (48, 45, 40, 2):
        await make_deployment(project_id, status="failed", finished_at=ago(days))
    await run(recount)
    first, last = (ago(days).date().isoformat() for days in (46, 40))
    tab = await open_tab(console, admin, f"/dashboard?days=7&from={first}&to={last}")
    updates = await tab.send(DashboardState.load)
    bars = shown(updates, DashboardState, "deployments_by_day")
    assert [(bar["date"], bar["failed"]) for bar in bars if bar["failed"]] == [
        (ago(45).date().isoformat(), 1),
        (last, 1),
    ]
    assert [bar["date"] for bar in (bars[0], bars[-1])] == [first, last]
    assert [day["total"] for day in shown(updates, DashboardState, "users_by_day")] == [2] * 7
    assert shown(updates, DashboardState, "results")["failed"] == "2"
    deployments, people = (shown(updates, DashboardState, name) for name in ("deployments_card", "people_card"))
    assert (deployments["value"], deployments["than"]) == ("2", "vs. previous 7 days")
    assert (people["value"], people["change"]) == ("2", "+100%")  # the second one came on the first of these days
    assert people["than"] == f"vs. {day_words(ago(47).date())}"
    assert shown(updates, DashboardState, "ended_url") == f"/deployments?ended_since={first}&ended_until={last}"
    assert shown(updates, DashboardState, "health_url") == f"/status?from={first}&to={last}"
    assert shown(updates, DashboardState, "users_by_day")[0]["url"] == f"/users?existed_on={first}"
    assert [row["deployments"] for row in shown(updates, DashboardState, "busiest")] == ["2"]
    measures = {figure["label"]: figure for figure in shown(updates, DashboardState, "measures")}
    assert measures["Change failure rate"]["basis"] == "2 finished"


async def test_a_member_gets_the_numbers_of_the_zoom_of_their_projects(console: Console) -> None:
    owner, member = await make_user(), await make_user()
    own, other = await make_project(member), await make_project(owner)
    for project_id, days in ((own, 45), (own, 40), (own, 2), (other, 45)):
        await make_deployment(project_id, status="succeeded", finished_at=ago(days))
    await run(recount)
    first, last = (ago(days).date().isoformat() for days in (46, 45))
    updates = await (await open_tab(console, member, f"/dashboard?from={first}&to={last}")).send(DashboardState.load)
    assert shown(updates, DashboardState, "deployments_card")["value"] == "1"
    assert [(row["id"], row["deployments"]) for row in shown(updates, DashboardState, "busiest")] == [(own, "1")]
    assert shown(updates, DashboardState, "measures")[0]["basis"] == "1 succeeded"


async def test_chosen_days_are_in_the_url_and_zooming_out_removes_them(console: Console) -> None:
    first, last = (ago(days).date().isoformat() for days in (9, 2))
    tab = await open_tab(console, await make_admin(), "/dashboard?days=90")
    chosen = await tab.send(DashboardState.zoom, form={"from": first, "to": last})
    assert redirects(chosen) == [f"/dashboard?days=90&from={first}&to={last}"]
    refused = await tab.send(DashboardState.zoom, form={"from": last, "to": first})
    assert redirects(refused) == []
    assert shown(refused, SessionState, "toasts")[0]["kind"] == "error"
    tab.path = f"/dashboard?from={first}&to={last}"
    assert redirects(await tab.send(DashboardState.zoom_out)) == ["/dashboard"]


async def test_without_a_past_the_card_says_so(console: Console) -> None:
    admin = await make_admin()
    await make_project(admin)
    await happened(0, ProjectCreated, after={"status": "active"})
    updates = await (await open_tab(console, admin)).send(DashboardState.load)
    card = shown(updates, DashboardState, "projects_card")
    assert (card["direction"], card["change"], card["than"]) == ("", "No earlier data", "")


async def test_a_member_sees_own_projects_and_no_numbers_of_people(console: Console) -> None:
    member, other = await make_user(), await make_user("canaryperson")
    await make_project(other, "Secret Canary")
    await make_project(member, "Own")
    updates = await (await open_tab(console, member)).send(DashboardState.load)
    assert not shown(updates, DashboardState, "sees_people")
    assert not shown(updates, DashboardState, "newest_users")
    assert [entry["name"] for entry in shown(updates, DashboardState, "newest_projects")] == ["Own"]
    assert "anary" not in repr(updates)


async def test_an_empty_instance_shows_first_steps_until_they_are_done(console: Console) -> None:
    admin = await make_admin()
    tab = await open_tab(console, admin)

    async def steps() -> tuple[Any, ...]:
        updates = await tab.send(DashboardState.load)
        names = ("has_steps", "has_users", "has_projects", "has_deployed")
        cards = len(shown(updates, DashboardState, "cards"))
        return *(shown(updates, DashboardState, name) for name in names), cards

    assert await steps() == (True, False, False, False, 0)
    project_id = await make_project(admin)
    assert await steps() == (True, False, True, False, 5)
    await make_user()
    assert await steps() == (True, True, True, False, 5)
    await make_deployment(project_id)
    assert await steps() == (False, True, True, True, 5)


async def test_each_part_of_the_screen_asks_at_most_eight_questions_and_all_of_it_nine(console: Console) -> None:
    admin, member = await make_admin(), await make_user()
    for _ in range(3):
        await make_check(await make_project(admin, team={member: "viewer"}))
    for viewer in (admin, member):
        tab, questions = await open_tab(console, viewer), []
        for load in (DashboardState.load, HealthState.load, RecentState.load):
            with statements() as asked:
                await tab.send(load)
            assert 0 < len(asked) <= 8, asked
            # Who it is that asks is found out at each event, for all pages alike.
            questions += [statement for statement in asked if "auth_sessions" not in statement]
        assert len(questions) <= 9, questions


async def test_the_period_comes_from_the_address(console: Console) -> None:
    admin = await make_admin()
    project_id = await make_project(admin)
    for days, status in ((1, "succeeded"), (10, "failed"), (40, "succeeded")):
        await make_deployment(project_id, status=status, finished_at=ago(days))
        await happened(days, DeploymentSucceeded if status == "succeeded" else DeploymentFailed, **NOTIFYING[status])
    found = {}
    for address in ("/dashboard?days=7", "/dashboard", "/dashboard?days=90", "/dashboard?days=8"):
        updates = await (await open_tab(console, admin, address)).send(DashboardState.load)
        found[address] = [
            shown(updates, DashboardState, "deployments_card")["value"],
            shown(updates, DashboardState, "success_card")["value"],
            len(shown(updates, DashboardState, "deployments_by_day")),
        ]
    assert found == {
        "/dashboard?days=7": ["1", "100%", 7],
        "/dashboard": ["2", "50.0%", 30],
        "/dashboard?days=90": ["3", "66.7%", 90],
        "/dashboard?days=8": ["2", "50.0%", 30],
    }


def test_a_spark_keeps_in_its_box() -> None:
    assert spark_path([4]) == ""
    assert spark_path([0, 5, 10]) == "M0.0 23.0 L50.0 12.0 L100.0 1.0"
    assert spark_path([3, 3]) == "M0.0 23.0 L100.0 23.0"


def test_the_line_of_the_first_steps_is_the_documented_one() -> None:
    line = REPORT.format(url="$CONSOLE", project="$PROJECT")
    assert line in (Path(__file__).parents[4] / "docs" / "deployments.md").read_text()


async def test_what_fails_comes_first_and_a_project_is_shown_to_its_team(console: Console) -> None:
    owner, stranger, now = await make_user(), await make_user(), datetime.now(UTC)
    place = {"name": "Ledger production", "state": "failing", "last_ok": True, "last_latency_ms": 1234.5}
    project_id = await make_project(owner, "Ledger")
    await make_check(project_id, last_at=now, **place)
    await make_check(name="PostgreSQL", state="passing", last_ok=True, last_at=now, weight=5)
    await make_check(name="Redis", state="passing", last_ok=False, last_at=now)
    for number in range(7):
        await make_check(name=f"Service {number}")
    updates = await (await open_tab(console, owner)).send(HealthState.load)
    parts = shown(updates, HealthState, "parts")
    assert [(part["name"], part["state"], part["is_wavering"], part["latency"]) for part in parts[:3]] == [
        ("Ledger production", "failing", True, "1,234 ms"),
        ("Redis", "passing", True, ""),
        ("PostgreSQL", "passing", False, ""),
    ]
    assert shown(updates, HealthState, "parts")[0]["url"] == f"/projects/{project_id}"
    assert (shown(updates, HealthState, "summary"), shown(updates, HealthState, "more")) == ("1 of 10 down", 2)
    updates = await (await open_tab(console, stranger)).send(HealthState.load)
    assert shown(updates, HealthState, "summary") == "2 of 9 operational"
    assert "Ledger" not in repr(updates)


async def test_when_nothing_is_probed_any_more_the_panel_says_so(console: Console) -> None:
    then = ago(1)
    await make_check(name="Disk", state="passing", last_ok=True, last_at=then)
    updates = await (await open_tab(console, await make_user())).send(HealthState.load)
    assert shown(updates, HealthState, "late_since") == then.isoformat()


async def test_one_failing_panel_leaves_the_other(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_given: Any) -> Any:
        raise RuntimeError("inner detail")

    async def is_away(*_given: Any) -> Any:
        raise Unavailable

    tab = await open_tab(console, await make_admin())
    with monkeypatch.context() as patch:
        patch.setattr(dashboard, "stats", fails)
        updates = await tab.send(DashboardState.refresh)
        assert "inner detail" not in repr(updates)
        assert "Quote" in shown(updates, DashboardState, "failure")
        assert shown(updates, DashboardState, "cards") == []
        assert shown(updates, DashboardState, "panels") == ["recent_activity", "system_health"]
        assert shown(updates, HealthState, "is_loaded")
    assert shown(await tab.send(DashboardState.load), DashboardState, "failure") == ""
    monkeypatch.setattr(health_state, "health_summary", is_away)
    assert "temporarily unavailable" in shown(await tab.send(HealthState.load), HealthState, "failure")


async def test_what_somebody_hid_stays_hidden_when_the_numbers_fail(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_given: Any) -> Any:
        raise RuntimeError("inner detail")

    admin = await make_admin()
    usual = standard(admin).model_dump()
    await run(save_layout, admin, LayoutUpdate(**usual | {"hidden": ["recent_activity", "users_over_time"]}))
    monkeypatch.setattr(dashboard, "stats", fails)
    updates = await (await open_tab(console, admin)).send(DashboardState.load)
    assert shown(updates, DashboardState, "failure")
    assert shown(updates, DashboardState, "panels") == ["system_health"]


@pytest.mark.parametrize(
    ("status", "passed_s", "usual_s", "wanted"),
    [
        ("queued", 0, 300, ("", None, False)),
        ("in_progress", 150, None, ("2 min so far", None, False)),
        ("in_progress", 45, 45.4, ("45 s of about 45 s", 99, False)),
        ("in_progress", 180, 300, ("3 min of about 5 min", 60, False)),
        ("in_progress", 3_900, 300, ("1 h 5 min, longer than the usual 5 min", 100, True)),
        ("in_progress", 370, 350, ("6 min of about 6 min", 100, False)),
        ("in_progress", -20, 300, ("under 1 s of about 5 min", 0, False)),
    ],
)
def test_progress_is_estimated_from_the_usual_duration(
    status: str, passed_s: int, usual_s: float | None, wanted: tuple[str, int | None, bool]
) -> None:
    now = datetime.now(UTC)
    started = now - timedelta(seconds=passed_s) if status == "in_progress" else None
    fields: dict[str, Any] = {
        "id": 1,
        "project": ProjectRef(id=1, name="Ledger", slug="ledger", color="", emoji=""),
        "environment": EnvironmentRef(id=1, name="production", is_protected=False),
        "version": "1.0.0",
        "status": status,
        "commit_sha": "",
        "ref": "",
        "created_by": None,
        "reporter": "",
        "created_at": now,
        "started_at": started,
        "finished_at": None,
        "usual_s": usual_s,
    }
    row = open_row(OpenDeployment.model_construct(**fields), now)
    assert (row["progress"], row["share"], row["is_late"]) == wanted


async def test_the_root_redirects(console: Console) -> None:
    assert redirects(await (await open_tab(console, await make_user(), "/")).send(DashboardState.go_home)) == [
        "/dashboard"
    ]
    assert redirects(await (await open_tab(console, None, "/")).send(DashboardState.go_home)) == ["/login"]


async def test_the_first_steps_name_this_console_and_the_newest_project(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner, "Ledger")
    updates = await (await open_tab(console, owner)).send(DashboardState.load)
    report = shown(updates, DashboardState, "first_report")
    assert f'"{get_settings().public_url}/api/v1/projects/{project_id}/deployments"' in report
    assert '{"environment": "production"' in report
    assert shown(updates, DashboardState, "first_project_url") == f"/projects/{project_id}?tab=settings"
