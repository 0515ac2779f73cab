"""An open page shows changes by others, asks Gate each time, and unsubscribes when it is left."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.cache.local import listen
from tca_app.core.database.session import transaction
from tca_app.features.auth.queries import session_cache
from tca_app.features.projects import service as projects
from tca_app.features.projects.schemas import ProjectUpdate
from tca_app.features.projects.ui.detail_state import ProjectState
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserUpdate
from tca_app.features.users.ui.state import UsersState
from tca_app.ui.websocket import live
from tca_app.ui.websocket.live import AT_ONCE, LIVE, LiveScreens, Screen, listen_for_changes
from tests.factories import END_LISTENING, make_admin, make_project, make_user, run, until
from tests.ui.harness import Console, Notes, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    """Listens to change notifications, like a serving process."""
    LIVE.keep_only(set())  # what other tests have opened
    async with console_on(StateManagerMemory()) as running:
        tasks = [asyncio.create_task(listen()), asyncio.create_task(listen_for_changes())]
        await until(lambda: session_cache.is_listening)
        yield running
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        LIVE.keep_only(set())


async def opened(console: Console, cookie: str, path: str, load: Any) -> Tab:
    tab = Tab(console, f"tab {path}", cookie, path)
    await tab.hydrate()
    await tab.send(load)
    console.received.clear()
    return tab


async def pushed(console: Console, tab: Tab, state: Any, name: str, wanted: Any) -> None:
    """Wait until the tab was sent a value of a var that `wanted` accepts."""
    await until(lambda: (value := shown(console.received.get(tab.token, []), state, name)) and wanted(value))


async def test_a_list_shows_what_somebody_else_changed(console: Console) -> None:
    admin, bo = await make_admin("root"), await make_user("bo1")
    tab = await opened(console, await sign_in(admin), "/users", UsersState.load)
    await run(users.update_user, admin, bo.user_id, UserUpdate(full_name="Bo Berg"))
    await pushed(console, tab, UsersState, "rows", lambda rows: "Bo Berg" in [row["full_name"] for row in rows])


async def test_a_page_shows_what_happens_to_its_project_alone(console: Console) -> None:
    ana = await make_user("ana")
    billing, other = await make_project(ana, "Billing"), await make_project(ana, "Other")
    tab = await opened(console, await sign_in(ana), f"/projects/{billing}", ProjectState.load)
    await run(projects.update_project, ana, other, ProjectUpdate(name="Something else"))
    await run(projects.update_project, ana, billing, ProjectUpdate(name="Invoices"))
    await pushed(console, tab, ProjectState, "project", lambda project: project["name"] == "Invoices")
    assert "Something else" not in repr(console.received)


async def test_who_lost_the_right_gets_nothing(console: Console) -> None:
    admin, second = await make_admin("root"), await make_admin("second")
    tab = await opened(console, await sign_in(second), "/users", UsersState.load)
    await run(users.update_user, admin, second.user_id, UserUpdate(is_superuser=False))
    await run(users.update_user, admin, admin.user_id, UserUpdate(full_name="Canary Name"))
    # The tab's next event comes after the live updates, so their results are there by then.
    await tab.send(Notes.load)
    assert "Canary Name" not in repr(console.received)


async def test_a_page_that_was_left_is_not_read_again(console: Console) -> None:
    admin = await make_admin()
    tab = await opened(console, await sign_in(admin), "/users", UsersState.load)
    assert len(LIVE) == 1
    tab.path = "/notes"
    await tab.send(Notes.load)
    assert len(LIVE) == 0


async def test_another_page_of_the_same_list_is_the_same_screen(console: Console) -> None:
    tab = await opened(console, await sign_in(await make_admin()), "/users", UsersState.load)
    tab.path = "/users?page=2"
    await tab.send(UsersState.load)
    assert len(LIVE) == 1


async def test_a_closed_tab_is_forgotten(console: Console) -> None:
    tab = await opened(console, await sign_in(await make_admin()), "/users", UsersState.load)
    LIVE.keep_only({tab.socket})
    assert len(LIVE) == 1
    LIVE.keep_only(set())
    assert len(LIVE) == 0


async def test_after_lost_notices_every_screen_is_read_again(console: Console) -> None:
    admin, bo = await make_admin(), await make_user("bo1")
    tab = await opened(console, await sign_in(admin), "/users", UsersState.load)
    async with transaction() as session:
        connection = await session.connection()
        await connection.execute(END_LISTENING)
        await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # this notifies nobody
        await connection.exec_driver_sql(f"UPDATE users SET full_name = 'Silent Change' WHERE id = {bo.user_id}")
    await pushed(console, tab, UsersState, "rows", lambda rows: "Silent Change" in [row["full_name"] for row in rows])


async def test_a_crowd_is_read_in_turns_and_a_slow_screen_holds_up_nobody(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few at a time, in their order, so that the first ones show a change while the last still wait."""
    running, most, first_done = 0, 0, asyncio.Event()
    whole = UsersState._load

    async def counted(self: Any) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            if running == 1 and not first_done.is_set():
                await first_done.wait()  # until all the others are done
            await whole(self)
        finally:
            running -= 1

    admin, bo = await make_admin("root"), await make_user("bo1")
    tabs = []
    for number in range(12):
        tab = Tab(console, f"tab {number}", await sign_in(admin), "/users")
        await tab.hydrate()
        await tab.send(UsersState.load)
        tabs.append(tab)
    console.received.clear()
    monkeypatch.setattr(UsersState, "_load", counted)
    await run(users.update_user, admin, bo.user_id, UserUpdate(full_name="Bo Berg"))
    await until(lambda: len(console.received) >= len(tabs) - 1)
    first_done.set()
    for tab in tabs:
        await pushed(console, tab, UsersState, "rows", lambda rows: "Bo Berg" in [row["full_name"] for row in rows])
    assert most <= AT_ONCE


@pytest.mark.parametrize("turn", range(6))
async def test_a_screen_that_comes_as_the_readers_end_is_read_too(turn: int, monkeypatch: pytest.MonkeyPatch) -> None:
    screens, ends = LiveScreens(), dict[str, asyncio.Future[None]]()

    async def enqueue(screen: Screen, _: object) -> asyncio.Future[None]:
        ends[screen.event] = asyncio.get_running_loop().create_future()
        return ends[screen.event]

    monkeypatch.setattr(live, "_enqueue", enqueue)
    for number in range(AT_ONCE):
        screens._reload_later(Screen("socket", "token", f"screen {number}"))
        await until(lambda: len(ends) > number)  # noqa: B023 - it is awaited within the turn
    for end in ends.values():
        end.set_result(None)
    for _ in range(turn):  # iterations of the event loop are under test here, not a wait for something
        await asyncio.sleep(0)
    screens._reload_later(Screen("socket", "token", "late"))
    await until(lambda: "late" in ends)
    ends["late"].set_result(None)


async def test_a_screen_is_reloaded_by_the_server_until_its_reading_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long that takes, and also when another notification came meanwhile."""
    screens, ends = LiveScreens(), list[asyncio.Future[None]]()
    where = {"sid": "socket", "token": "token"}

    async def enqueue(*_: object) -> asyncio.Future[None]:
        ends.append(asyncio.get_running_loop().create_future())
        return ends[-1]

    monkeypatch.setattr(live, "_enqueue", enqueue)
    monkeypatch.setattr(live, "WAIT_S", 0)
    for number in (1, 2):
        screens._reload_later(Screen("socket", "token", "load"))
        await until(lambda: len(ends) >= number and not screens._reloaders)  # noqa: B023 - as above
    for end, is_still_read in zip(ends, (True, False), strict=True):
        assert screens.is_server_reload(where, "load")
        end.set_result(None)
        await asyncio.sleep(0)
        assert screens.is_server_reload(where, "load") is is_still_read
