"""The dialog "Customize" without a browser: a draft that is saved as a whole, by its owner."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.features.dashboard.layout.service import CARDS, ON_REQUEST, PANELS
from tca_app.features.dashboard.ui import customize_state
from tca_app.features.dashboard.ui.customize_state import LABELS, CustomizeState
from tca_app.features.dashboard.ui.state import DashboardState
from tca_app.ui.session import SessionState
from tests.factories import make_admin, make_project
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


@pytest.fixture
async def tab(console: Console) -> Tab:
    admin = await make_admin()
    await make_project(admin)
    opened = Tab(console, "arranging", await sign_in(admin), "/dashboard")
    await opened.hydrate()
    return opened


def drawn(updates: Any, which: str = "cards") -> list[str]:
    return [line["name"] + ("" if line["is_shown"] else " (hidden)") for line in shown(updates, CustomizeState, which)]


def toasts(updates: Any) -> list[str]:
    return [toast["text"] for toast in shown(updates, SessionState, "toasts") or []]


def test_every_card_and_panel_has_a_name_of_its_own() -> None:
    assert set(LABELS) == {*CARDS, *PANELS}
    assert len(set(LABELS.values())) == len(LABELS)


async def test_what_is_arranged_is_there_the_next_time(console: Console, tab: Tab) -> None:
    updates = await tab.send(CustomizeState.open_arrange)
    shown_first = [name for name in PANELS if name not in ON_REQUEST]
    hidden = [f"{name} (hidden)" for name in ON_REQUEST]
    assert (drawn(updates), drawn(updates, "panels")) == ([*CARDS], [*shown_first, *hidden])
    await tab.send(CustomizeState.show, name="deployments", is_shown=False)
    updates = await tab.send(CustomizeState.move, name="health", step=-1)
    assert shown(updates, CustomizeState, "announcement") == "System health is number 3 of 5."
    assert drawn(updates) == ["users", "projects", "health", "deployments (hidden)", "success_rate"]
    await tab.send(CustomizeState.move, name="deploying_now", step=-1)
    updates = await tab.send(CustomizeState.save)
    assert (shown(updates, CustomizeState, "is_open"), toasts(updates)) == (False, ["Dashboard saved"])
    assert shown(updates, DashboardState, "cards") == ["users", "projects", "health", "success_rate"]
    assert shown(updates, DashboardState, "panels")[:2] == ["deploying_now", "deployments_by_day"]
    assert toasts(await tab.send(CustomizeState.save)) == []  # a second click
    other = Tab(console, "another", await sign_in(await make_admin()), "/dashboard")
    await other.hydrate()
    assert shown(await other.send(DashboardState.load), DashboardState, "cards") == [*CARDS]


async def test_a_draft_that_is_left_changes_nothing(tab: Tab) -> None:
    await tab.send(CustomizeState.open_arrange)
    await tab.send(CustomizeState.show, name="users", is_shown=False)
    await tab.send(CustomizeState.close)
    assert shown(await tab.send(DashboardState.load), DashboardState, "cards") == [*CARDS]
    assert drawn(await tab.send(CustomizeState.open_arrange)) == [*CARDS]


async def test_the_standard_comes_back_when_it_is_saved(tab: Tab) -> None:
    await tab.send(CustomizeState.open_arrange)
    await tab.send(CustomizeState.move, name="users", step=1)
    await tab.send(CustomizeState.save)
    await tab.send(CustomizeState.open_arrange)
    assert drawn(await tab.send(CustomizeState.use_standard)) == [*CARDS]
    assert shown(await tab.send(DashboardState.load), DashboardState, "cards")[0] == "projects"
    assert shown(await tab.send(CustomizeState.save), DashboardState, "cards") == [*CARDS]


@pytest.mark.parametrize(
    ("act", "given"),
    [
        ("show", {"name": "money", "is_shown": False}),
        ("show", {"name": ["users"] * 5_000, "is_shown": False}),
        ("show", {"name": "users", "is_shown": "no"}),
        ("move", {"name": "money", "step": 1}),
        ("move", {"name": "users", "step": 4}),
    ],
)
async def test_what_no_dialog_sends_is_refused_and_the_draft_stays(tab: Tab, act: str, given: dict[str, Any]) -> None:
    await tab.send(CustomizeState.open_arrange)
    updates = await tab.send(getattr(CustomizeState, act), **given)
    assert len(toasts(updates)) == 1
    assert shown(updates, CustomizeState, "cards") is None
    assert drawn(await tab.send(CustomizeState.show, name="users", is_shown=True)) == [*CARDS]


async def test_a_save_that_fails_keeps_the_dialog_with_its_draft(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_given: Any) -> Any:
        raise RuntimeError("inner detail")

    await tab.send(CustomizeState.open_arrange)
    await tab.send(CustomizeState.show, name="users", is_shown=False)
    with monkeypatch.context() as patch:
        patch.setattr(customize_state, "save_layout", fails)
        updates = await tab.send(CustomizeState.save)
        assert (shown(updates, CustomizeState, "is_open"), shown(updates, CustomizeState, "is_saving")) == (None, False)
    assert shown(await tab.send(CustomizeState.save), DashboardState, "cards") == [*CARDS][1:]
