"""The pages about deployments, without a browser."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.actor import Actor
from tca_app.features.deployments import service as deployments
from tca_app.features.deployments.schemas import DeploymentStep
from tca_app.features.deployments.ui.components import LOOKS
from tca_app.features.deployments.ui.detail_state import DeploymentState
from tca_app.features.deployments.ui.log_state import LogState
from tca_app.features.deployments.ui.project_pages import deployments_tab
from tca_app.features.deployments.ui.project_state import ProjectDeploymentsState
from tca_app.features.deployments.ui.state import DeploymentsState
from tca_app.models import Deployment
from tca_app.ui.components.faces import face_of
from tests.factories import (
    deployment_events,
    environment_of,
    make_admin,
    make_deployment,
    make_freeze,
    make_project,
    make_user,
    row_of,
    run,
)
from tests.ui.harness import Console, Tab, console_on, redirects, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def open_page(console: Console, actor: Actor, path: str) -> Tab:
    tab = Tab(console, f"{actor.username} {path}", await sign_in(actor), path)
    await tab.hydrate()
    return tab


async def detail(console: Console, actor: Actor, deployment_id: int) -> tuple[Tab, Any]:
    tab = await open_page(console, actor, f"/deployments/{deployment_id}")
    return tab, await tab.send(DeploymentState.load)


async def test_the_list_shows_ones_own_and_the_url_narrows_it(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner, "Billing")
    await make_deployment(
        project_id, version="1.0.0", commit_sha="9f1c2ab1234", ref="main", created_by_id=owner.user_id
    )
    await make_deployment(project_id, "staging", status="failed", version="1.1.0")
    await make_deployment(await make_project(await make_user()), version="9.9.9")
    tab = await open_page(console, owner, "/deployments")
    rows = shown(await tab.send(DeploymentsState.load), DeploymentsState, "rows")
    assert [row["version"] for row in rows] == ["1.1.0", "1.0.0"]
    assert (rows[1]["commit"], rows[1]["who"], rows[1]["project"]) == ("main · 9f1c2ab", owner.full_name, "Billing")
    narrowed = await open_page(console, owner, "/deployments?status=failed&environment=staging&source=nonsense")
    rows = shown(await narrowed.send(DeploymentsState.load), DeploymentsState, "rows")
    assert [row["version"] for row in rows] == ["1.1.0"]


async def test_a_bar_of_a_chart_leads_to_the_rows_that_it_counts(console: Console) -> None:
    owner, now = await make_user(), datetime.now(UTC)
    project_id, other = await make_project(owner), await make_project(owner)
    yesterday = (now - timedelta(days=1)).replace(hour=23, minute=59)
    await make_deployment(project_id, status="succeeded", version="1.0.0", finished_at=yesterday)
    await make_deployment(project_id, status="failed", version="1.0.1", finished_at=yesterday.replace(hour=0, minute=0))
    await make_deployment(project_id, status="failed", version="1.0.2", finished_at=now)
    await make_deployment(other, status="failed", version="9.9.9", finished_at=yesterday)
    url = f"/deployments?project={project_id}&ended_on={yesterday.date()}"
    tab = await open_page(console, owner, url)
    updates = await tab.send(DeploymentsState.load)
    assert [row["version"] for row in shown(updates, DeploymentsState, "rows")] == ["1.0.1", "1.0.0"]
    assert f"Ended on {yesterday.date()} (UTC)" in [chip["text"] for chip in shown(updates, DeploymentsState, "chips")]
    for bad in ("2026-13-01", "yesterday", "0"):
        tab = await open_page(console, owner, f"/deployments?ended_on={bad}")
        assert len(shown(await tab.send(DeploymentsState.load), DeploymentsState, "rows")) == 4


async def test_the_legend_of_a_zoomed_chart_leads_to_the_rows_of_its_days(console: Console) -> None:
    owner, today = await make_user(), datetime.now(UTC).replace(hour=12)
    project_id = await make_project(owner)
    for days in (4, 3, 2, 1):
        at = today - timedelta(days=days)
        await make_deployment(project_id, status="failed", version=f"{days}.0.0", finished_at=at)
    first, last = ((today - timedelta(days=days)).date() for days in (3, 2))
    tab = await open_page(console, owner, f"/deployments?ended_since={first}&ended_until={last}&status=failed")
    updates = await tab.send(DeploymentsState.load)
    assert [row["version"] for row in shown(updates, DeploymentsState, "rows")] == ["2.0.0", "3.0.0"]
    chips = [chip["text"] for chip in shown(updates, DeploymentsState, "chips")]
    assert {f"Ended since {first} (UTC)", f"Ended until {last} (UTC)"} <= set(chips)


@pytest.mark.parametrize(
    ("role", "status", "allowed"),
    [
        ("viewer", "queued", []),
        ("deployer", "queued", ["start", "cancel"]),
        ("deployer", "in_progress", ["succeed", "fail", "cancel"]),
        ("deployer", "pending_approval", ["cancel"]),
        ("maintainer", "pending_approval", ["cancel", "approve", "refuse"]),
        ("deployer", "succeeded", []),  # nothing ran there before
        ("deployer", "cancelled", []),
    ],
)
async def test_a_viewer_is_offered_what_they_may_do(
    console: Console, role: str, status: str, allowed: list[str]
) -> None:
    person = await make_user()
    project_id = await make_project(await make_user(), team={person: role})
    _, updates = await detail(console, person, await make_deployment(project_id, status=status))
    assert shown(updates, DeploymentState, "phase") == "ready"
    assert (shown(updates, DeploymentState, "allowed") or []) == allowed


async def test_after_a_timeout_a_person_may_only_correct_the_result(console: Console) -> None:
    owner, now = await make_user(), datetime.now(UTC)
    deployment_id = await make_deployment(await make_project(owner), status="failed", finished_at=now, timed_out_at=now)
    _, updates = await detail(console, owner, deployment_id)
    assert shown(updates, DeploymentState, "allowed") == ["succeed"]


async def test_a_stranger_sees_not_found(console: Console) -> None:
    deployment_id = await make_deployment(await make_project(await make_user()))
    _, updates = await detail(console, await make_user(), deployment_id)
    assert shown(updates, DeploymentState, "phase") == "missing"
    assert shown(updates, DeploymentState, "deployment")["version"] == ""


def test_all_deployments_of_the_tab_of_a_project_are_those_of_the_project() -> None:
    drawn = str(deployments_tab())
    assert re.findall(r'"(/deployments[^"]*)"', drawn) == ["/deployments?project="]


async def test_the_length_of_the_log_is_shown_to_members_alone(console: Console) -> None:
    owner = await make_user()
    deployment_id = await make_deployment(await make_project(owner), status="in_progress", log_lines=12_345)
    tab = await open_page(console, owner, f"/deployments/{deployment_id}")
    updates = await tab.send(LogState.load)
    assert (shown(updates, LogState, "log_of"), shown(updates, LogState, "log_lines")) == (deployment_id, 12_345)
    assert shown(updates, LogState, "log_length") == "12,345 lines"
    assert shown(updates, LogState, "is_deleted"), "there were lines, and the table has none"
    stranger = await open_page(console, await make_user(), f"/deployments/{deployment_id}")
    assert not shown(await stranger.send(LogState.load), LogState, "log_lines")


async def test_acts_ask_first_and_a_refusal_stands_in_the_dialog(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    await make_deployment(project_id, status="in_progress")
    deployment_id = await make_deployment(project_id)
    tab, _ = await detail(console, owner, deployment_id)
    assert (
        shown(
            await tab.send(DeploymentState.ask, deployment_id=deployment_id, action="approve"),
            DeploymentState,
            "asking",
        )
        is None
    )
    await tab.send(DeploymentState.ask, deployment_id=deployment_id, action="start")
    updates = await tab.send(DeploymentState.confirm, form={})
    assert "Another deployment" in shown(updates, DeploymentState, "asking_error")
    assert (await row_of(Deployment, deployment_id))["status"] == "queued"
    await tab.send(DeploymentState.ask, deployment_id=deployment_id, action="cancel")
    updates = await tab.send(DeploymentState.confirm, form={"reason": "Wrong version"})
    assert (shown(updates, DeploymentState, "asking"), shown(updates, DeploymentState, "deployment")["reason"]) == (
        "",
        "Wrong version",
    )
    await tab.send(DeploymentState.confirm, form={})
    assert await deployment_events() == [("deployment_cancelled", "cancelled")]


async def test_a_refusal_needs_a_reason(console: Console) -> None:
    owner = await make_user()
    waiting = await make_deployment(await make_project(owner), status="pending_approval")
    tab, _ = await detail(console, owner, waiting)
    await tab.send(DeploymentState.ask, deployment_id=waiting, action="refuse")
    updates = await tab.send(DeploymentState.confirm, form={"reason": " "})
    errors = shown(updates, DeploymentState, "asking_errors")
    assert (errors["reason"], shown(updates, DeploymentState, "asking_error")) == ("Required.", "")
    updates = await tab.send(DeploymentState.confirm, form={"reason": "Not on a Friday"})
    steps = shown(updates, DeploymentState, "steps")
    assert [(step["label"], step["who"]) for step in steps][-1] == ("Refused", owner.full_name)
    assert steps[-1]["face"] == face_of(owner.full_name, owner.user_id)


async def test_a_rollback_leads_to_the_new_deployment(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    await make_deployment(project_id, status="succeeded", version="1.0.0")
    bad = await make_deployment(project_id, status="succeeded", version="2.0.0")
    tab, _ = await detail(console, owner, bad)
    asked = await tab.send(DeploymentState.ask, deployment_id=bad, action="rollback")
    plan = shown(asked, DeploymentState, "plan")
    assert (plan["environment"], plan["from_version"], plan["to_version"]) == ("production", "2.0.0", "1.0.0")
    assert plan["needs_approval"] is False
    (path,) = redirects(await tab.send(DeploymentState.confirm, form={"reason": ""}))
    made = await row_of(Deployment, int(path.rsplit("/", 1)[-1]))
    assert (made["version"], made["source"], made["rollback_of_id"]) == ("1.0.0", "ui", bad)


async def test_a_rollback_is_offered_for_what_runs_and_names_its_target(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    old = await make_deployment(project_id, status="succeeded", version="1.0.0")
    first = await make_deployment(project_id, status="succeeded", version="1.1.0")
    again = await make_deployment(project_id, status="succeeded", version="1.1.0")
    failed = await make_deployment(project_id, status="failed", version="1.2.0")
    offered = {}
    for deployment_id in (old, first, again, failed):
        _, updates = await detail(console, owner, deployment_id)
        allowed = shown(updates, DeploymentState, "allowed") or []
        offered[deployment_id] = ("rollback" in allowed, shown(updates, DeploymentState, "rollback_to") or "")
    assert offered == {old: (False, ""), first: (False, ""), again: (True, "1.0.0"), failed: (False, "")}
    tab, _ = await detail(console, owner, again)
    plan = shown(await tab.send(DeploymentState.ask, deployment_id=again, action="rollback"), DeploymentState, "plan")
    assert (plan["from_version"], plan["to_version"], plan["to_id"]) == ("1.1.0", "1.0.0", old)


async def test_the_steps_have_the_colours_and_icons_of_their_states(console: Console) -> None:
    owner = await make_user()
    deployment_id = await make_deployment(await make_project(owner), status="failed", reason="Out of memory")
    _, updates = await detail(console, owner, deployment_id)
    steps = shown(updates, DeploymentState, "steps")
    looks = [("Queued", "", "clock"), ("Started", "", "circle-dot"), ("Failed", "bad", "circle-x")]
    assert [(step["label"], step["tone"], step["icon"]) for step in steps] == looks


async def test_a_rollback_goes_to_the_version_that_was_named(console: Console) -> None:
    """Whatever else arrived while the question was open."""
    owner = await make_user()
    project_id = await make_project(owner)
    await make_deployment(project_id, status="succeeded", version="1.0.0")
    late = await make_deployment(project_id, status="in_progress", version="1.5.0")
    bad = await make_deployment(project_id, status="succeeded", version="2.0.0")
    tab, _ = await detail(console, owner, bad)
    await tab.send(DeploymentState.ask, deployment_id=bad, action="rollback")
    await run(deployments.step_deployment, owner, late, DeploymentStep(status="succeeded"))
    (path,) = redirects(await tab.send(DeploymentState.confirm, form={"reason": ""}))
    assert (await row_of(Deployment, int(path.rsplit("/", 1)[-1])))["version"] == "1.0.0"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("aaaaaaa", "aaaaaaa" + "0" * 33, "Same commit as the previous deployment."),
        ("aaaaaaa", "bbbbbbb", "Add a repository URL to compare commits."),
        ("aaaaaaa", "", "No comparison: a commit is unknown."),
        ("", "", "No comparison: a commit is unknown."),
    ],
)
async def test_it_says_why_two_commits_are_not_compared(console: Console, before: str, after: str, said: str) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    await make_deployment(project_id, status="succeeded", commit_sha=before)
    _, updates = await detail(console, owner, await make_deployment(project_id, commit_sha=after))
    assert shown(updates, DeploymentState, "no_compare") == said


async def test_a_person_enters_a_deployment_once_however_often_they_click(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    tab = await open_page(console, owner, f"/projects/{project_id}?tab=deployments")
    updates = await tab.send(ProjectDeploymentsState.load)
    assert [card["name"] for card in shown(updates, ProjectDeploymentsState, "environments")][-1] == "production"
    nonce = shown(
        await tab.send(ProjectDeploymentsState.open_create, project_id=project_id),
        ProjectDeploymentsState,
        "form_nonce",
    )
    form = {"nonce": nonce, "environment": "production", "version": "", "commit_sha": "", "ref": "", "description": ""}
    refused = await tab.send(ProjectDeploymentsState.save, form=form)
    assert shown(refused, ProjectDeploymentsState, "form_errors") == {"version": "Required."}
    await tab.send(ProjectDeploymentsState.save, form=form | {"version": "3.0.0"})
    await tab.send(ProjectDeploymentsState.save, form=form | {"version": "3.0.0"})
    assert await deployment_events() == [("deployment_queued", "queued"), ("deployment_requested", None)]


async def test_the_cards_of_a_project_say_how_far_each_environment_is_behind(console: Console) -> None:
    owner, now = await make_user(), datetime.now(UTC)
    project_id = await make_project(owner)
    for environment, version, days in (("production", "1.0.0", 3), ("staging", "1.0.0", 2), ("staging", "1.1.0", 1)):
        finished_at = now - timedelta(days=days)
        await make_deployment(project_id, environment, status="succeeded", version=version, finished_at=finished_at)
    tab = await open_page(console, owner, f"/projects/{project_id}?tab=deployments")
    places = shown(await tab.send(ProjectDeploymentsState.load), ProjectDeploymentsState, "environments")
    assert [(place["name"], place["drift"], place["is_newest"]) for place in places] == [
        ("development", "", False),
        ("staging", "Newest", True),
        ("production", "Behind by 1 release", False),
    ]


async def test_a_frozen_environment_is_said_in_the_form_and_only_there(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    await make_freeze(project_id, environment_id=await environment_of(project_id), created_by_id=owner.user_id)
    tab = await open_page(console, owner, f"/projects/{project_id}?tab=deployments")
    places = shown(await tab.send(ProjectDeploymentsState.load), ProjectDeploymentsState, "environments")
    assert [place["freeze"]["why"] for place in places] == ["", "", "Christmas"]
    nonce = shown(
        await tab.send(ProjectDeploymentsState.open_create, project_id=project_id),
        ProjectDeploymentsState,
        "form_nonce",
    )
    updates = await tab.send(ProjectDeploymentsState.choose, environment="production")
    freeze = shown(updates, ProjectDeploymentsState, "freeze")
    assert (freeze["who"], freeze["until"].endswith(" (UTC)")) == (owner.full_name, True)
    form = {"nonce": nonce, "environment": "production", "version": "3.0.0", "freeze_reason": "Me"}
    refused = await tab.send(ProjectDeploymentsState.save, form=form)
    assert "administrator" in shown(refused, ProjectDeploymentsState, "form_error")
    updates = await tab.send(ProjectDeploymentsState.choose, environment="staging")
    assert shown(updates, ProjectDeploymentsState, "freeze")["why"] == ""
    await tab.send(ProjectDeploymentsState.save, form=form | {"environment": "staging", "freeze_reason": ""})
    assert await deployment_events() == [("deployment_queued", "queued"), ("deployment_requested", None)]


async def test_an_administrator_deploys_into_a_freeze_with_a_reason(console: Console) -> None:
    admin = await make_admin()
    project_id = await make_project(await make_user())
    tab = await open_page(console, admin, f"/projects/{project_id}?tab=deployments")
    await tab.send(ProjectDeploymentsState.load)
    nonce = shown(
        await tab.send(ProjectDeploymentsState.open_create, project_id=project_id),
        ProjectDeploymentsState,
        "form_nonce",
    )
    await tab.send(ProjectDeploymentsState.choose, environment="production")
    await make_freeze(project_id)  # while the form is open
    form = {"nonce": nonce, "environment": "production", "version": "3.0.0"}
    updates = await tab.send(ProjectDeploymentsState.save, form=form)
    assert "Enter a reason" in shown(updates, ProjectDeploymentsState, "form_errors")["freeze_reason"]
    assert shown(updates, ProjectDeploymentsState, "freeze")["why"] == "Christmas"
    await tab.send(ProjectDeploymentsState.save, form=form | {"freeze_reason": "Security fix"})
    assert [name for name, _ in await deployment_events()][:2] == ["freeze_passed", "deployment_queued"]


async def test_a_freeze_blocks_a_rollback_except_for_administrators(console: Console) -> None:
    owner, admin = await make_user(), await make_admin()
    project_id = await make_project(owner)
    await make_deployment(project_id, status="succeeded", version="1.0.0")
    bad = await make_deployment(project_id, status="succeeded", version="2.0.0")
    await make_freeze(project_id)
    tab, _ = await detail(console, owner, bad)
    updates = await tab.send(DeploymentState.ask, deployment_id=bad, action="rollback")
    assert shown(updates, DeploymentState, "freeze")["why"] == "Christmas"
    updates = await tab.send(DeploymentState.confirm, form={"reason": ""})
    assert "New deployments are blocked until" in shown(updates, DeploymentState, "asking_error")
    tab, _ = await detail(console, admin, bad)
    assert (
        shown(
            await tab.send(DeploymentState.ask, deployment_id=bad, action="rollback"),
            DeploymentState,
            "may_override_freeze",
        )
        is True
    )
    updates = await tab.send(DeploymentState.confirm, form={"reason": "", "freeze_reason": " "})
    assert "Enter a reason" in shown(updates, DeploymentState, "asking_errors")["freeze_reason"]
    (path,) = redirects(await tab.send(DeploymentState.confirm, form={"reason": "", "freeze_reason": "It is down"}))
    made = await row_of(Deployment, int(path.rsplit("/", 1)[-1]))
    assert (made["version"], made["freeze_reason"]) == ("1.0.0", "It is down")


async def test_links_to_the_metrics_lead_to_their_page(console: Console) -> None:
    tab = await open_page(console, await make_user(), "/deployments?view=measures&project=7")
    assert redirects(await tab.send(DeploymentsState.load)) == ["/dora?project=7"]


async def test_deployments_are_filtered_by_tier_and_by_the_days_of_their_end(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    for day, version in ((1, "1.0.0"), (2, "2.0.0"), (3, "3.0.0")):
        ended = datetime(2026, 3, day, 12, tzinfo=UTC)
        times = {"queued_at": ended, "started_at": ended, "finished_at": ended}
        await make_deployment(project_id, status="succeeded", version=version, **times)
    await make_deployment(project_id, "staging", version="9.0.0")
    tab = await open_page(
        console, owner, "/deployments?tier=production&ended_since=2026-03-02&ended_until=2026-03-02&status=finished"
    )
    updates = await tab.send(DeploymentsState.load)
    assert [row["version"] for row in shown(updates, DeploymentsState, "rows")] == ["2.0.0"]
    texts = [chip["text"] for chip in shown(updates, DeploymentsState, "chips")]
    assert texts[-2:] == ["Ended since 2026-03-02 (UTC)", "Ended until 2026-03-02 (UTC)"]
    assert "Tier: Production" in texts


async def test_the_page_links_to_the_run_its_log_and_the_environment(console: Console) -> None:
    owner = await make_user()
    links = {
        "ci_url": "https://github.com/tca/billing/actions/runs/7",
        "log_url": "HTTPS://ci_runner.example.com/7",
        "environment_url": "javascript:alert(1)",  # as a script may have stored it
    }
    deployment_id = await make_deployment(await make_project(owner), **links)
    tab = await open_page(console, owner, f"/deployments/{deployment_id}")
    facts = shown(await tab.send(DeploymentState.load), DeploymentState, "deployment")
    assert {name: facts[name] for name in links} == links | {"environment_url": ""}


def test_each_status_has_an_icon_of_its_own() -> None:
    """Nobody needs to see colours to tell them apart."""
    assert len({icon for _tone, icon in LOOKS.values()}) == len(LOOKS)
