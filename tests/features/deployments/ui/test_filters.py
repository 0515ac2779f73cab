"""The filters of `/deployments`: menus of values with counts, chips, and what a stranger may not learn from them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.actor import Actor
from tca_app.features.deployments.ui.state import DeploymentsState
from tests.factories import make_deployment, make_project, make_user
from tests.ui.harness import Console, Tab, console_on, shown, sign_in

state = DeploymentsState


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


@pytest.fixture
async def owner() -> Actor:
    return await make_user("ana", full_name="Ana Lopez")


async def open_tab(console: Console, who: Actor, query: str = "") -> Tab:
    tab = Tab(console, who.username, await sign_in(who), f"/deployments?{query}")
    await tab.hydrate()
    return tab


async def options(tab: Tab, key: str, search: str = "") -> dict[str, Any]:
    updates = await tab.send(state.show_filter, key=key, is_open=True)
    if search:
        updates = await tab.send(state.find_option, text=search)
    return {option["label"]: option["count"] for option in shown(updates, state, "options")}


async def test_a_menu_counts_under_the_other_filters(console: Console, owner: Actor) -> None:
    billing, shop = await make_project(owner, "Billing"), await make_project(owner, "Shop")
    await make_deployment(billing, "production", status="failed", created_by_id=owner.user_id)
    await make_deployment(billing, "staging", status="succeeded")
    await make_deployment(shop, "staging", status="failed")
    hidden = await make_project(await make_user("eve", full_name="Eve Hidden"), "Hidden")
    await make_deployment(hidden, "production", status="failed")
    tab = await open_tab(console, owner, "status=failed&environment=staging")
    statuses = await options(tab, "status")
    assert (statuses["Failed"], statuses["Succeeded"], statuses["Queued"]) == ("1", "1", "0")
    assert await options(tab, "environment") == {"production": "1", "staging": "1"}
    assert await options(tab, "project") == {"Shop": "1"}
    assert await options(await open_tab(console, owner), "project", "bill") == {"Billing": "2"}
    assert await options(await open_tab(console, owner), "project", "hidden") == {}
    assert await options(await open_tab(console, owner), "by") == {"Ana Lopez": "1"}


async def test_chips_name_what_is_in_force(console: Console, owner: Actor) -> None:
    billing = await make_project(owner, "Billing")
    await make_deployment(billing, status="failed", created_by_id=owner.user_id)
    stranger = await make_user("eve", full_name="Eve Hidden")
    query = (
        f"status=failed&status=cancelled&project={billing}&by={owner.user_id}&by={stranger.user_id}"
        "&since=2026-01-01&days=30"
    )
    updates = await (await open_tab(console, owner, query)).send(state.load)
    assert [chip["text"] for chip in shown(updates, state, "chips")] == [
        "Status: Failed",
        "Status: Cancelled",
        "Project: Billing",
        "By: Ana Lopez",
        "By: unknown",
        "Ended in the last 30 days (UTC)",
        "Created from 2026-01-01",
    ]
    assert len(shown(updates, state, "rows")) == 1


async def test_an_unknown_filter_is_refused(console: Console, owner: Actor) -> None:
    tab = await open_tab(console, owner)
    updates = await tab.send(state.show_filter, key="password", is_open=True)
    assert shown(updates, state, "options") in (None, [])
