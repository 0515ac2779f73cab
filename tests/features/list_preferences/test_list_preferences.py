"""How a person sees a list: kept for them alone, and deleted with the default."""

from collections.abc import AsyncIterator

import pytest
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import func, select

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.features.deployments.ui.state import DeploymentsState
from tca_app.models import ListPreference
from tests.factories import make_user
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
