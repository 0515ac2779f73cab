"""Many deployments at a time: each is cancelled, approved or refused under the rules of the single action."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.actor import Actor
from tca_app.features.deployments.ui.project_state import ProjectDeploymentsState
from tca_app.features.deployments.ui.state import DeploymentsState
from tca_app.models import Deployment
from tca_app.ui.session import SessionState
from tests.factories import (
    deployment_events,
    environment_of,
    events_of,
    make_admin,
    make_deployment,
    make_freeze,
    make_project,
    make_user,
    row_of,
)
from tests.ui.harness import Console, Tab, console_on, shown, sign_in

State = DeploymentsState


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def list_of(console: Console, actor: Actor, path: str = "/deployments") -> tuple[Tab, list[Any]]:
    """The list with all its rows selected."""
    tab = Tab(console, f"{actor.username} {path}", await sign_in(actor), path)
    await tab.hydrate()
    loaded = await tab.send(State.load)
    await tab.send(State.toggle_all)
    return tab, loaded


def toast(updates: list[Any]) -> str:
    return (shown(updates, SessionState, "toasts") or [{"text": ""}])[-1]["text"]


async def statuses(*ids: int) -> list[str]:
    return [(await row_of(Deployment, row_id))["status"] for row_id in ids]


async def test_what_waits_or_runs_is_cancelled_and_the_rest_is_left_out(console: Console) -> None:
    dan = await make_user("dan")
    project_id = await make_project(await make_user(), "Billing", team={dan: "deployer"})
    open_ = [
        await make_deployment(project_id, "staging", status=status, version=status)
        for status in ("queued", "in_progress", "pending_approval")
    ]
    done = await make_deployment(project_id, status="succeeded")
    watched = await make_project(await make_user(), "Ledger", team={dan: "viewer"})
    foreign = await make_deployment(watched, status="queued")
    tab, loaded = await list_of(console, dan)
    assert shown(loaded, State, "not_offered") == ["approve", "refuse"]
    asked = await tab.send(State.ask_bulk, action="cancel")
    assert shown(asked, State, "bulk_title") == "Cancel 3 deployments?"
    assert (shown(asked, State, "bulk_button"), shown(asked, State, "bulk_keep")) == (
        "Cancel deployments",
        "Keep running",
    )
    assert shown(asked, State, "bulk_text") == (
        "This cannot be undone. 1 has already ended. "
        "You do not have permission to change the other 1; they are unchanged."
    )
    assert "3 of 3" in shown(await tab.send(State.try_bulk), State, "bulk_tried")
    assert await statuses(*open_) == ["queued", "in_progress", "pending_approval"]
    finished = await tab.send(State.run_bulk, reason="Wrong branch")
    assert toast(finished) == "3 deployments cancelled"
    assert await statuses(*open_, done, foreign) == ["cancelled"] * 3 + ["succeeded", "queued"]
    assert (await row_of(Deployment, open_[0]))["reason"] == "Wrong branch"
    assert [await events_of("deployment", row_id) for row_id in open_] == [["deployment_cancelled"]] * 3


async def test_what_another_person_ended_meanwhile_is_refused_with_its_reason(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner, "Billing")
    first, second = [await make_deployment(project_id, version=version) for version in ("1.0.0", "1.1.0")]
    tab, _ = await list_of(console, owner)
    other, _ = await list_of(console, owner, "/deployments?page=1")
    await tab.send(State.ask_bulk, action="cancel")
    await other.send(State.clear_selection)
    await other.send(State.toggle_row, row_id=first)
    await other.send(State.ask_bulk, action="cancel")
    await other.send(State.run_bulk)
    done = await tab.send(State.run_bulk)
    assert toast(done) == "Billing 1.1.0 cancelled, 1 not changed"
    assert shown(done, State, "refusals") == [{"name": "Billing 1.0.0", "detail": "This deployment was cancelled."}]
    assert await statuses(first, second) == ["cancelled", "cancelled"]


async def test_those_that_await_approval_are_approved_by_who_may_decide(console: Console) -> None:
    mia = await make_user("mia")
    project_id = await make_project(await make_user(), "Billing", team={mia: "maintainer"})
    watched = await make_project(await make_user(), "Ledger", team={mia: "deployer"})
    mine = [await make_deployment(project_id, status="pending_approval", version=f"{n}.0.0") for n in (1, 2)]
    queued = await make_deployment(project_id, status="queued")
    foreign = await make_deployment(watched, status="pending_approval")
    tab, _ = await list_of(console, mia)
    asked = await tab.send(State.ask_bulk, action="approve")
    assert shown(asked, State, "bulk_title") == "Approve 2 deployments?"
    assert shown(asked, State, "bulk_text").endswith(
        "1 does not await approval. You do not have permission to change the other 1; they are unchanged."
    )
    assert toast(await tab.send(State.run_bulk)) == "2 deployments approved"
    assert await statuses(*mine, queued, foreign) == ["queued"] * 3 + ["pending_approval"]
    assert (await row_of(Deployment, mine[0]))["decided_by_id"] == mia.user_id
    assert await events_of("deployment", mine[0]) == ["deployment_approved", "deployment_queued"]


async def test_a_refusal_of_many_needs_a_reason(console: Console) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    waiting = [await make_deployment(project_id, status="pending_approval") for _ in range(2)]
    tab, _ = await list_of(console, owner)
    await tab.send(State.ask_bulk, action="refuse")
    for reason in ("", "  "):
        refused = await tab.send(State.run_bulk, reason=reason)
        assert shown(refused, State, "bulk_reason_error") == "Required."
    assert await statuses(*waiting) == ["pending_approval"] * 2
    assert toast(await tab.send(State.run_bulk, reason="Not on a Friday")) == "2 deployments refused"
    assert {(await row_of(Deployment, row_id))["reason"] for row_id in waiting} == {"Not on a Friday"}


async def test_a_freeze_refuses_its_own_and_an_administrator_overrides_it_with_a_reason(console: Console) -> None:
    owner, admin = await make_user("olga"), await make_admin("root")
    project_id = await make_project(owner, "Billing")
    await make_freeze(project_id, environment_id=await environment_of(project_id, "production"))
    frozen = await make_deployment(project_id, status="pending_approval", version="2.0.0")
    free = await make_deployment(project_id, "staging", status="pending_approval", version="3.0.0")
    tab, _ = await list_of(console, owner)
    await tab.send(State.ask_bulk, action="approve")
    forged = await tab.send(State.run_bulk, reason="I insist")
    assert {line["detail"] for line in shown(forged, State, "refusals")} == {
        "Only administrators can deploy during a freeze."
    }
    await tab.send(State.toggle_all)
    await tab.send(State.ask_bulk, action="approve")
    done = await tab.send(State.run_bulk)
    assert toast(done) == "Billing 3.0.0 approved, 1 not changed"
    assert shown(done, State, "refusals")[0]["detail"].startswith("New deployments are blocked until")
    assert await statuses(frozen, free) == ["pending_approval", "queued"]
    override, _ = await list_of(console, admin)
    await override.send(State.ask_bulk, action="approve")
    await override.send(State.run_bulk, reason="Hotfix")
    assert (await row_of(Deployment, frozen))["freeze_reason"] == "Hotfix"
    assert ("freeze_passed", None) in await deployment_events()


async def test_a_viewer_is_offered_nothing_and_told_so(console: Console) -> None:
    vic = await make_user("vic")
    project_id = await make_project(await make_user(), team={vic: "viewer"})
    waiting = await make_deployment(project_id, status="pending_approval")
    tab, loaded = await list_of(console, vic)
    assert not shown(loaded, State, "takes_bulk")
    for action in ("cancel", "approve", "refuse"):
        assert toast(await tab.send(State.ask_bulk, action=action)) == (
            "You do not have permission to change these deployments. Ask a maintainer of the project."
        )
        await tab.send(State.run_bulk)
    assert await statuses(waiting) == ["pending_approval"]


async def test_the_tab_of_a_project_has_the_same_actions(console: Console) -> None:
    owner, tab_state = await make_user(), ProjectDeploymentsState
    here, there = await make_project(owner, "Here"), await make_project(owner, "There")
    mine = [await make_deployment(here, version=version) for version in ("1.0.0", "1.1.0")]
    other = await make_deployment(there)
    path = f"/projects/{here}?tab=deployments"
    tab = Tab(console, f"{owner.username} {path}", await sign_in(owner), path)
    await tab.hydrate()
    loaded = await tab.send(tab_state.load)
    assert [row["can_cancel"] for row in shown(loaded, tab_state, "rows")] == [True, True]
    await tab.send(tab_state.toggle_all)
    await tab.send(tab_state.ask_bulk, action="cancel")
    done = await tab.send(tab_state.run_bulk)
    assert toast(done) == "2 deployments cancelled"
    assert [row["status"] for row in shown(done, tab_state, "rows")] == ["cancelled"] * 2
    assert await statuses(*mine, other) == ["cancelled", "cancelled", "queued"]


async def test_what_is_selected_in_the_tab_of_one_project_stays_there(console: Console) -> None:
    owner, tab_state = await make_user(), ProjectDeploymentsState
    here, there = await make_project(owner, "Here"), await make_project(owner, "There")
    waiting = await make_deployment(here)
    tab = Tab(console, "moving", await sign_in(owner), f"/projects/{here}?tab=deployments")
    await tab.hydrate()
    await tab.send(tab_state.load)
    await tab.send(tab_state.toggle_all)
    await tab.send(tab_state.ask_bulk, action="cancel")
    tab.path = f"/projects/{there}?tab=deployments"
    moved = await tab.send(tab_state.run_bulk)
    assert shown(moved, tab_state, "bulk_error") == "You have moved to another page. Nothing was changed."
    assert shown(await tab.send(tab_state.load), tab_state, "selected") == []
    assert await statuses(waiting) == ["queued"]
