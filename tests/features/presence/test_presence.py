"""Presence: shown to those who may see the page, on every replica, and removed when people leave."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.exceptions import RedisError
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.actor import Actor
from tca_app.core.cache.local import listen
from tca_app.core.live import presence as store
from tca_app.features.auth.queries import session_cache
from tca_app.features.presence import service as presence
from tca_app.features.presence.service import Subject
from tca_app.features.presence.ui.state import STAYS, PresenceState, subject_of
from tca_app.ui.websocket.live import LIVE, listen_for_changes
from tests.factories import make_admin, make_project, make_user, run, until
from tests.ui.harness import Console, Tab, console_on, shown, sign_in


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    """Listens to change notifications, like a serving process."""
    async with console_on(StateManagerMemory()) as running:
        tasks = [asyncio.create_task(listen()), asyncio.create_task(listen_for_changes())]
        await until(lambda: session_cache.is_listening)
        yield running
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        LIVE.keep_only(set())
        await STAYS.look()
        assert len(STAYS) == 0


async def _opened(console: Console, name: str, actor: Actor, path: str) -> Tab:
    tab = Tab(console, name, await sign_in(actor), path)
    await tab.hydrate()
    await tab.send(PresenceState.load)
    return tab


async def _sees(console: Console, tab: Tab, wanted: list[tuple[str, bool]]) -> None:
    def now() -> Any:
        others = shown(console.received.get(tab.token, []), PresenceState, "others")
        return None if others is None else [(other["name"], other["is_editing"]) for other in others]

    await until(lambda: now() == wanted)


async def test_people_on_the_same_page_see_each_other_come_edit_and_go(console: Console) -> None:
    ana, bo = await make_user("ana"), await make_user("bob")
    path = f"/projects/{await make_project(ana, team={bo: 'viewer'})}"
    hers = await _opened(console, "hers", ana, path)
    his = await _opened(console, "his", bo, path)
    await _sees(console, hers, [("Bob", False)])
    await _sees(console, his, [("Ana", False)])
    subject = subject_of(path)
    await hers.send(PresenceState.begin_edit, kind=subject.kind, subject_id=subject.id)
    await _sees(console, his, [("Ana", True)])
    await hers.send(PresenceState.end_edit)
    await _sees(console, his, [("Ana", False)])
    LIVE.forget(hers.socket)
    await STAYS.look()
    await _sees(console, his, [])


async def test_strangers_neither_see_nor_are_seen(console: Console) -> None:
    ana, stranger = await make_user("ana"), await make_user("eve")
    path = f"/projects/{await make_project(ana)}"
    await _opened(console, "hers", ana, path)
    tab = await _opened(console, "eve", stranger, path)
    subject = subject_of(path)
    await tab.send(PresenceState.begin_edit, kind=subject.kind, subject_id=subject.id)
    assert not shown(await tab.send(PresenceState.read), PresenceState, "others")
    assert [viewer.name for viewer in await store.viewers(subject.topic)] == ["Ana"]


async def test_one_person_in_two_tabs_is_one(console: Console) -> None:
    ana, admin = await make_user("ana"), await make_admin("root")
    path = f"/users/{ana.user_id}"
    for name in ("one", "two"):
        await _opened(console, name, ana, path)
    tab = await _opened(console, "root", admin, path)
    await _sees(console, tab, [("Ana", False)])


async def _nobody_is_seen() -> bool:
    return not await store.viewers("project:0")


async def test_an_entry_dies_when_nobody_renews_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LIFE_S", 1)
    await store.put("project:0", "a place", store.Viewer(1, "Ana", False))
    assert len(await store.viewers("project:0")) == 1
    await until(_nobody_is_seen)


async def test_without_redis_the_page_works_and_shows_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise RedisError

    for name in ("put", "viewers", "remove"):
        monkeypatch.setattr(store, name, fail)
    ana = await make_user("ana")
    subject = Subject("project", await make_project(ana))
    await run(presence.enter, ana, subject, "a place", is_editing=False)
    assert await run(presence.others, ana, subject) == []
    await run(presence.leave, subject.topic, "a place")


@pytest.mark.parametrize(
    ("url", "topic"),
    [("/projects/7?tab=members", "project:7"), ("/users/3/", "user:3"), ("/projects", ":0"), ("/users/x", ":0")],
)
def test_the_address_says_what_a_page_is_about(url: str, topic: str) -> None:
    assert subject_of(url).topic == topic
