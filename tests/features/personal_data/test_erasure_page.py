"""The confirmation of an erasure on the pages: who sees it, what has to be typed, and where it leads."""

from collections.abc import AsyncIterator

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.features.auth.ui.state import AuthState
from tca_app.features.personal_data.ui.state import ErasureState
from tca_app.features.users import service as users
from tca_app.features.users.ui.state import UsersState
from tca_app.models import User
from tca_app.ui import routes
from tca_app.ui.session import SessionState
from tca_app.ui.websocket.sockets import OPEN_SOCKETS
from tests.factories import make_admin, make_project, make_user, row_of, run
from tests.ui.harness import Console, Tab, console_on, redirects, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def test_the_username_has_to_be_typed(console: Console) -> None:
    ana, boss = await make_user("ana"), await make_admin("boss")
    tab = Tab(console, "t1", await sign_in(boss), f"/users/{ana.user_id}")
    await tab.hydrate()
    await tab.send(ErasureState.load)
    asked = await tab.send(ErasureState.ask, user_id=ana.user_id)
    assert shown(asked, ErasureState, "username_to_type") == "ana"
    assert redirects(await tab.send(ErasureState.erase, form={"confirm_name": "bob"})) == []
    assert (await row_of(User, ana.user_id))["erased_at"] is None
    assert redirects(await tab.send(ErasureState.erase, form={"confirm_name": "ana"})) == ["/users"]
    assert (await row_of(User, ana.user_id))["full_name"] == f"Erased user {ana.user_id}"


async def test_somebody_in_the_trash_is_erased_from_the_list(console: Console) -> None:
    ana, boss = await make_user("ana"), await make_admin("boss")
    await run(users.delete_user, boss, ana.user_id)
    tab = Tab(console, "t1", await sign_in(boss), "/users?view=trash")
    await tab.hydrate()
    listed = await tab.send(UsersState.load)
    assert [row["username"] for row in shown(listed, UsersState, "rows")] == ["ana"]
    assert shown(await tab.send(ErasureState.ask, user_id=ana.user_id), ErasureState, "username_to_type") == "ana"
    erased = await tab.send(ErasureState.erase, form={"confirm_name": "ana"})
    assert shown(erased, UsersState, "rows") == []
    assert redirects(erased) == []
    assert (await row_of(User, ana.user_id))["full_name"] == f"Erased user {ana.user_id}"


async def test_the_own_account_leads_to_the_sign_in_page(console: Console) -> None:
    ana = await make_user("ana")
    tab = Tab(console, "t1", await sign_in(ana), "/settings")
    await tab.hydrate()
    await tab.send(ErasureState.load)
    await tab.send(ErasureState.ask, user_id=ana.user_id)
    led_away = [routes.ACCOUNT_DELETED]
    assert redirects(await tab.send(ErasureState.erase, form={"confirm_name": "ana"})) == led_away
    urls = [socket.url for socket in OPEN_SOCKETS.all() if socket.socket_id == tab.socket]
    assert urls == led_away, "the watchdog leads there, too"
    page = Tab(console, "t2", "", routes.ACCOUNT_DELETED)
    await page.hydrate()
    assert shown(await page.send(AuthState.enter_login), AuthState, "sign_in_notice") == "Your account was deleted."


async def test_an_owner_is_told_of_their_projects_before_they_type(console: Console) -> None:
    ana, bob = await make_user("ana"), await make_user("bob")
    await make_project(ana, "Ledger")
    tab = Tab(console, "t1", await sign_in(ana), "/settings")
    await tab.hydrate()
    await tab.send(ErasureState.load)
    for user_id, text in ((ana.user_id, "ana owns Ledger. Transfer"), (bob.user_id, "Not found")):
        refused = await tab.send(ErasureState.ask, user_id=user_id)
        assert text in str(shown(refused, SessionState, "toasts"))
