"""Acting as another user in the browser: the dialog, the banner, and tabs that follow when it begins and ends."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from reflex.event import Event
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import update

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.features.auth.queries import session_cache
from tca_app.features.auth.ui.acting_state import ActingState
from tca_app.features.auth.ui.sessions_state import SessionsState
from tca_app.features.auth.ui.state import ProfileState, SettingsState
from tca_app.features.roles.ui.pages import FOR_ALL
from tca_app.features.users.ui.actions_state import ActState
from tca_app.models import AuthSession, User
from tca_app.ui.session import SessionState
from tca_app.ui.websocket.session_watchdog import SessionWatch
from tca_app.ui.websocket.sockets import OPEN_SOCKETS
from tests.factories import make_admin, make_user, row_of
from tests.ui.harness import Console, Tab, console_on, redirects, shown, sign_in
from tests.ui.test_session_ends import watched


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def act_as(console: Console, target: Actor, admin: Actor, path: str = "") -> Tab:
    """A tab of an administrator who has just begun to act as the target; it still shows the administrator."""
    tab = Tab(console, "tab of an administrator", await sign_in(admin), path or f"/users/{target.user_id}")
    await tab.hydrate()
    await tab.send(ActingState.load)
    await tab.send(ActingState.ask, user_id=target.user_id)
    assert redirects(await tab.send(ActingState.start, form={"reason": "Ticket 1234"})) == ["/dashboard"]
    return tab


async def test_the_reason_is_required(console: Console) -> None:
    ana = await make_user("ana")
    tab = Tab(console, "t1", await sign_in(await make_admin()), f"/users/{ana.user_id}")
    await tab.hydrate()
    await tab.send(ActingState.load)
    await tab.send(ActingState.ask, user_id=ana.user_id)
    for form in ({}, {"reason": "  "}):
        assert shown(await tab.send(ActingState.start, form=form), ActingState, "reason_error") == "Required."
    member = Tab(console, "t2", await sign_in(await make_user()), f"/users/{ana.user_id}")
    await member.hydrate()
    await member.send(ActingState.ask, user_id=ana.user_id)
    assert redirects(await member.send(ActingState.start, form={"reason": "x"})) == []


async def test_the_page_shows_the_user_the_name_of_the_administrator_and_the_end(console: Console) -> None:
    ana, boss = await make_user("ana"), await make_admin("boss")
    tab = await act_as(console, ana, boss)
    updates = await tab.hydrate()
    assert shown(updates, SessionState, "username") == "ana"
    assert set(shown(updates, SessionState, "grants")) == FOR_ALL
    assert shown(updates, SessionState, "acting_name") == "Boss"
    until = datetime.fromisoformat(shown(updates, SessionState, "acting_until"))
    assert until - datetime.now(UTC) <= timedelta(minutes=30)
    tab.path = "/settings?tab=tokens"
    await tab.send(SettingsState.load)
    assert shown(await tab.hydrate(), SettingsState, "tab") == "profile"
    assert redirects(await tab.send(SessionState.stop_acting)) == [f"/users/{ana.user_id}"]
    updates = await tab.hydrate()
    assert (shown(updates, SessionState, "username"), shown(updates, SessionState, "acting_name")) == ("boss", "")


async def test_a_dialog_of_one_person_never_acts_as_the_other(console: Console) -> None:
    """What an administrator has opened is gone while they act, and what was opened meanwhile is gone afterwards."""
    ana, boss, victim = await make_user("ana"), await make_admin("boss"), await make_user("victim")
    tab = Tab(console, "t1", cookie := await sign_in(boss), f"/users/{victim.user_id}")
    await tab.hydrate()
    await tab.send(ActState.ask, act="delete", user_id=victim.user_id)
    other = Tab(console, "t2", cookie, f"/users/{ana.user_id}")
    await other.hydrate()
    await other.send(ActingState.load)
    await other.send(ActingState.ask, user_id=ana.user_id)
    await other.send(ActingState.start, form={"reason": "x"})
    updates = await tab.send(ActState.confirm, form={})
    assert shown(updates, SessionState, "username") == "ana"  # the page was loaded anew instead
    await tab.send(ActState.confirm, form={})
    await other.hydrate()
    await other.send(SessionState.stop_acting)
    await tab.send(ActState.confirm, form={})
    await tab.send(ActState.confirm, form={})
    assert (await row_of(User, victim.user_id))["deleted_at"] is None


async def test_open_tabs_follow_by_themselves_when_it_begins_and_when_its_time_is_over(console: Console) -> None:
    ana, boss = await make_user("ana"), await make_admin("boss")
    tab = await act_as(console, ana, boss)
    async with watched(console, tab) as (watch, closed):
        assert (await names_after(watch, console, tab)) == ["ana"]
        async with transaction() as session:
            await session.execute(update(AuthSession).values(acting_until=datetime.now(UTC) - timedelta(seconds=1)))
        session_cache.clear()  # as its own end does
        assert (await names_after(watch, console, tab)) == ["boss"]
        assert (await names_after(watch, console, tab)) == []  # once
        assert closed == []
    OPEN_SOCKETS.forget_closed([])


async def names_after(watch: SessionWatch, console: Console, tab: Tab) -> list[str]:
    """The names that the tab shows after a round of the watchdog."""
    console.received.pop(tab.token, None)
    sent = []

    async def enqueue(token: str, event: Event) -> None:
        sent.append(await console.processor.enqueue(token, event))

    console.event_processor = SimpleNamespace(enqueue=enqueue)  # type: ignore[assignment]
    await watch.once()
    for future in sent:
        await asyncio.wait_for(future.wait_all(), 10)
    name = shown(console.received.get(tab.token, []), SessionState, "username")
    return [name] if name else []


async def test_sessions_are_not_shown_while_acting(console: Console) -> None:
    ana = await make_user("ana")
    await sign_in(ana)
    tab = await act_as(console, ana, await make_admin())
    await tab.hydrate()
    assert not shown(await tab.send(SessionsState.load), SessionsState, "rows")


async def test_the_profile_has_no_address_while_acting(console: Console) -> None:
    """The address stays the user's own, so the form has no field for it and saves the name alone."""
    ana = await make_user("ana")
    tab = await act_as(console, ana, await make_admin())
    await tab.hydrate()
    opened = await tab.send(ProfileState.load)
    assert shown(opened, ProfileState, "form_values") == {"full_name": "Ana"}
    form = {"nonce": shown(opened, ProfileState, "form_nonce"), "full_name": "Ana Maria"}
    await tab.send(ProfileState.save, form=form)
    row = await row_of(User, ana.user_id)
    assert (row["full_name"], row["email"]) == ("Ana Maria", "ana@example.com")
