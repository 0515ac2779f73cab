"""The pages of links that work once: without the whole link they ask for it instead of showing a form."""

from collections.abc import AsyncIterator

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.config.settings import get_settings
from tca_app.core.security.tokens import new_token
from tca_app.features.auth.ui.sign_in_pages import forgot_password_page
from tca_app.features.auth.ui.state import AuthState
from tests.factories import make_admin
from tests.ui.harness import Console, Tab, console_on, shown


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def open_tab(console: Console, path: str) -> Tab:
    tab = Tab(console, path[:30], "", path)
    await tab.hydrate()
    return tab


@pytest.mark.parametrize("path", ["/reset-password", "/confirm-email?token=", "/reset-password?token=ab3%3Cscript"])
async def test_a_link_without_its_token_is_not_complete(console: Console, path: str) -> None:
    tab = await open_tab(console, path)
    assert shown(await tab.send(AuthState.enter_link), AuthState, "link_is_incomplete") is True


async def test_a_whole_link_shows_the_form_also_after_an_incomplete_one(console: Console) -> None:
    tab = await open_tab(console, "/reset-password")
    await tab.send(AuthState.enter_link)
    tab.path = f"/reset-password?token={new_token()}"
    assert shown(await tab.send(AuthState.enter_link), AuthState, "link_is_incomplete") is False


async def test_the_setup_link_must_be_complete_while_setup_is_open(console: Console) -> None:
    for path, phase in (("/setup", "incomplete"), (f"/setup?token={new_token()}", "open")):
        tab = await open_tab(console, path)
        assert shown(await tab.send(AuthState.enter_setup), AuthState, "setup_phase") == phase
    await make_admin()
    tab = await open_tab(console, "/setup?again")
    assert shown(await tab.send(AuthState.enter_setup), AuthState, "setup_phase") == "closed"


async def test_a_stranger_reads_no_folder_of_the_server(console: Console) -> None:
    tab = await open_tab(console, "/forgot-password")
    updates = await tab.send(AuthState.enter_forgot)
    assert shown(updates, AuthState, "mail") == "files"
    assert str(get_settings().data_dir) not in repr(updates)
    page = str(forgot_password_page.body())
    assert "Mail is not set up on this console. Ask an administrator." in page
    assert "folder" not in page
