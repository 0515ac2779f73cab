"""The panel of open sessions, in the settings and on the page of a user."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.actor import Actor
from tca_app.core.errors import NotFound
from tca_app.features.auth import service as auth
from tca_app.features.auth.ui.sessions_state import SessionsState
from tca_app.models import AuthSession
from tca_app.ui.session import SessionState
from tests.factories import make_admin, make_user, row_of, run, signed_in
from tests.ui.harness import Console, Tab, console_on, shown, sign_in

SETTINGS = "/settings?tab=sessions"


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def open_tab(console: Console, actor: Actor, path: str) -> tuple[Tab, list[dict[str, Any]]]:
    """A tab at that page, and the sessions that it shows."""
    tab = Tab(console, f"tab of {actor.username} {path}", await sign_in(actor), path)
    await tab.hydrate()
    return tab, rows(await tab.send(SessionsState.load))


def rows(updates: list[Any]) -> list[dict[str, Any]]:
    return shown(updates, SessionsState, "rows") or []


async def is_open(session_id: int) -> bool:
    return (await row_of(AuthSession, session_id))["revoked_at"] is None


async def test_the_settings_list_ones_own_sessions_and_name_the_current_one(console: Console) -> None:
    ana = await make_user("ana")
    await sign_in(await make_user("victim"))
    await sign_in(ana)
    _, seen = await open_tab(console, ana, SETTINGS)
    assert len(seen) == 2
    assert [row["is_current"] for row in seen].count(True) == 1
    assert {row["ip"] for row in seen} == {"127.0.0.1"}
    assert (await open_tab(console, ana, "/settings"))[1] == []  # another tab: not read


@pytest.mark.parametrize("page", [SETTINGS, "/users/{}"])
async def test_ones_own_other_session_can_be_ended_and_nobody_elses(console: Console, page: str) -> None:
    ana, victim = await make_user("ana"), await make_user("victim")
    await sign_in(ana)
    tab, seen = await open_tab(console, ana, page.format(ana.user_id))
    other = next(row["id"] for row in seen if not row["is_current"])
    victims, _ = await signed_in(victim)
    await tab.send(SessionsState.ask_end, user_id=ana.user_id, session_id=victims.session_id)  # not in the list
    await tab.send(SessionsState.end, form={})
    assert await is_open(victims.session_id)
    await tab.send(SessionsState.ask_end, user_id=ana.user_id, session_id=other)
    updates = await tab.send(SessionsState.end, form={})
    assert [row["is_current"] for row in rows(updates)] == [True]
    assert not await is_open(other)


async def test_all_others_end_and_the_current_one_stays(console: Console) -> None:
    ana, victim = await make_user("ana"), await make_user("victim")
    await sign_in(ana)
    await sign_in(ana)
    victims, _ = await signed_in(victim)
    tab, _ = await open_tab(console, ana, SETTINGS)
    asked = await tab.send(SessionsState.ask_end_others, user_id=ana.user_id)
    assert shown(asked, SessionsState, "asking_text") == "2 browsers and scripts must sign in again. This one stays."
    updates = await tab.send(SessionsState.end, form={})
    assert [row["is_current"] for row in rows(updates)] == [True]
    assert shown(updates, SessionState, "toasts")[-1]["text"] == "2 sessions ended"
    assert await is_open(victims.session_id)
    await tab.send(SessionsState.ask_end_others, user_id=ana.user_id)  # there is none: nothing opens
    assert rows(await tab.send(SessionsState.end, form={})) == []


async def test_an_administrator_ends_all_sessions_of_a_user(console: Console) -> None:
    ana, _ = await signed_in(await make_user("ana"))
    tab, seen = await open_tab(console, await make_admin(), f"/users/{ana.user_id}")
    assert [(row["id"], row["is_current"]) for row in seen] == [(ana.session_id, False)]
    await tab.send(SessionsState.ask_end_others, user_id=ana.user_id)
    await tab.send(SessionsState.end, form={})
    assert not await is_open(ana.session_id)


async def test_the_sessions_of_others_do_not_exist(console: Console) -> None:
    ana, _ = await signed_in(await make_user("ana"))
    mallory = await make_user("mallory")
    tab, seen = await open_tab(console, mallory, f"/users/{ana.user_id}")
    assert seen == []
    await tab.send(SessionsState.ask_end_others, user_id=ana.user_id)
    await tab.send(SessionsState.end, form={})
    with pytest.raises(NotFound):
        await run(auth.end_other_sessions, mallory, ana.user_id)
    assert await is_open(ana.session_id)
