"""How a person sees a list: kept for them alone, and deleted with the default."""

from collections.abc import AsyncIterator

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import func, select

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.features.deployments.matrix.ui.state import MatrixState
from tca_app.features.deployments.ui.state import DeploymentsState
from tca_app.features.webhooks.ui.detail_state import DeliveriesState
from tca_app.models import ListPreference
from tests.factories import make_admin, make_delivery, make_project, make_user, make_webhook
from tests.ui.harness import Console, Tab, console_on, shown, sign_in

state = DeploymentsState


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def open_tab(console: Console, who: Actor, name: str) -> tuple[Tab, list[str], bool]:
    tab = Tab(console, name, await sign_in(who), "/deployments")
    await tab.hydrate()
    updates = await tab.send(state.load)
    return tab, shown(updates, state, "hidden_columns") or [], bool(shown(updates, state, "is_compact"))


async def test_columns_and_density_are_kept_for_each_person(console: Console) -> None:
    ana, bob = await make_user("ana"), await make_user("bob")
    tab, *usual = await open_tab(console, ana, "first")
    assert usual == [[], False]
    await tab.send(state.show_column, key="took", is_shown=False)
    await tab.send(state.show_column, key="project", is_shown=False)
    await tab.send(state.show_column, key="project", is_shown=True)
    await tab.send(state.set_compact, is_compact=True)
    assert (await open_tab(console, ana, "second"))[1:] == (["took"], True)
    assert (await open_tab(console, bob, "of bob"))[1:] == ([], False)


async def test_the_default_leaves_no_row(console: Console) -> None:
    tab, *_ = await open_tab(console, await make_user(), "first")
    await tab.send(state.set_compact, is_compact=True)
    await tab.send(state.set_compact, is_compact=False)
    async with reading() as session:
        assert (await session.execute(select(func.count()).select_from(ListPreference))).scalar_one() == 0


@pytest.mark.parametrize("key", ["version", "password", "x" * 500])
async def test_only_columns_of_the_list_can_be_hidden(console: Console, key: str) -> None:
    tab, *_ = await open_tab(console, await make_user(), "first")
    updates = await tab.send(state.show_column, key=key, is_shown=False)
    assert not shown(updates, state, "hidden_columns")


async def open_matrix(console: Console, who: Actor, name: str, query: str = "") -> tuple[Tab, list[str]]:
    """A tab with the environment matrix, and the environments that are its columns."""
    tab = Tab(console, name, await sign_in(who), f"/deployments?view=where{query}")
    await tab.hydrate()
    return tab, list(shown(await tab.send(MatrixState.load), MatrixState, "columns") or [])


async def test_the_environments_of_the_matrix_are_chosen_and_kept_for_each_person(console: Console) -> None:
    ana, bob = await make_user("ana"), await make_user("bob")
    await make_project(ana, "Ledger", {bob: "viewer"})
    tab, columns = await open_matrix(console, ana, "first")
    assert columns == ["development", "staging", "production"]
    updates = await tab.send(MatrixState.show_column, key="environment:staging", is_shown=False)
    assert shown(updates, MatrixState, "columns") == ["development", "production"]
    (line,) = shown(updates, MatrixState, "rows") or list((shown(updates, MatrixState, "changes") or {}).values())
    assert len(line["cells"]) == 2
    assert not shown(updates, MatrixState, "flashed")
    await tab.send(MatrixState.show_column, key="group", is_shown=False)
    await tab.send(MatrixState.set_compact, is_compact=True)
    second, columns = await open_matrix(console, ana, "second")
    assert columns == ["development", "production"]
    kept = await second.hydrate()
    assert shown(kept, MatrixState, "hidden_columns") == ["environment:staging", "group"]
    assert [column["name"] for column in shown(kept, MatrixState, "environments")][1] == "staging"
    updates = await second.send(MatrixState.show_column, key="environment:staging", is_shown=True)
    assert shown(updates, MatrixState, "columns") == ["development", "staging", "production"]
    assert (await open_matrix(console, bob, "of bob"))[1] == ["development", "staging", "production"]


@pytest.mark.parametrize("key", ["name", "environment:" + "x" * 500, "environment:a\x00b"])
async def test_only_environments_and_the_group_can_be_hidden_in_the_matrix(console: Console, key: str) -> None:
    tab, _ = await open_matrix(console, await make_user(), "first")
    updates = await tab.send(MatrixState.show_column, key=key, is_shown=False)
    assert not shown(updates, MatrixState, "hidden_columns")


async def test_the_columns_of_deliveries_are_chosen_and_kept(console: Console) -> None:
    admin = await make_admin()
    hook = await make_webhook(admin)
    await make_delivery(hook.id)
    for name, before in (("first", []), ("second", ["duration_ms"])):
        tab = Tab(console, name, await sign_in(admin), f"/settings/webhooks?hook={hook.id}")
        await tab.hydrate()
        updates = await tab.send(DeliveriesState.load)
        assert len(shown(updates, DeliveriesState, "rows")) == 1
        assert (shown(updates, DeliveriesState, "hidden_columns") or []) == before
        await tab.send(DeliveriesState.show_column, key="duration_ms", is_shown=False)
    updates = await tab.send(DeliveriesState.show_column, key="event_type", is_shown=False)
    assert shown(updates, DeliveriesState, "hidden_columns") is None
