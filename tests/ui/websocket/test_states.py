"""A replica whose Redis is frozen serves no event: the tab says so and reloads when Redis is back."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from reflex.event import Event
from reflex.istate.manager.token import BaseStateToken
from reflex.state import State

from tca_app.core.stores.servers import RedisServer
from tca_app.ui import wiring
from tca_app.ui.session import SessionState
from tca_app.ui.websocket import session_watchdog, states
from tca_app.ui.websocket.session_watchdog import SessionWatch
from tca_app.ui.websocket.sockets import OPEN_SOCKETS
from tca_app.ui.websocket.states import NOT_DONE, PERHAPS_DONE, States, bounded
from tests.factories import make_admin, make_user, until
from tests.ui.harness import SECRET, Console, Notes, Tab, console_on, shown, sign_in

LIMIT_S = 8.0  # one by design, and more for a machine that does much at once
Frozen = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[Frozen]:
    server = RedisServer(tmp_path)
    server.start()

    @contextmanager
    def freeze() -> Iterator[None]:
        for stat in Path("/proc").glob("[0-9]*/cmdline"):
            if str(tmp_path).encode() in stat.read_bytes():
                pid = int(stat.parent.name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    yield freeze
    server.stop()


@pytest.fixture
async def console(frozen: Frozen, tmp_path: Path) -> AsyncIterator[Console]:
    client = Redis.from_url(RedisServer(tmp_path).start())
    manager = States(redis=bounded(client))
    async with console_on(manager) as running:
        running.processor.backend_exception_handler = wiring._backend_error
        yield running
    OPEN_SOCKETS.take_unserved()
    await manager.close()
    await client.aclose()


async def test_an_event_of_an_open_page_is_answered_by_a_toast_and_ends_the_progress_bar(
    console: Console, frozen: Frozen
) -> None:
    tab = Tab(console, "t1", await sign_in(await make_admin()))
    await tab.hydrate()
    began = monotonic()
    with frozen():
        await tab.send(Notes.purge)
        await until(lambda: console.received.get("t1"))
        updates = console.received["t1"]
    assert monotonic() - began < LIMIT_S
    assert [toast["text"] for toast in shown(updates, SessionState, "toasts")] == [NOT_DONE]
    assert shown(updates, State, "is_hydrated") is True
    assert shown(updates, SessionState, "outage") is None, "what the page shows stays"


async def test_what_was_done_before_the_state_could_be_kept_is_not_called_undone(
    console: Console, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = Tab(console, "t1", await sign_in(await make_admin()))
    await tab.hydrate()

    async def lose(*_args: object, **_options: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(console.state_manager, "set_state", lose)
    await tab.send(Notes.purge)
    await until(lambda: shown(console.received.get("t1", []), SessionState, "toasts"))
    assert [toast["text"] for toast in shown(console.received["t1"], SessionState, "toasts")] == [PERHAPS_DONE]


async def test_a_page_that_has_its_data_keeps_it_when_redis_goes_at_the_end_of_the_load(
    console: Console, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = console.state_manager.set_state

    async def lose_the_last(*args: Any, event: Event | None = None, **options: Any) -> None:
        if event is not None and event.name.endswith(".set_is_hydrated"):
            raise ConnectionError
        await keep(*args, event=event, **options)

    monkeypatch.setattr(console.state_manager, "set_state", lose_the_last)
    tab = Tab(console, "t1", await sign_in(await make_user("ana")))
    await tab.hydrate()
    await until(lambda: shown(console.received["t1"], State, "is_hydrated"))
    assert shown(console.received["t1"], Notes, "rows") == [f"{SECRET} of ana"]
    assert not shown(console.received["t1"], SessionState, "outage")
    assert not shown(console.received["t1"], SessionState, "toasts"), "nothing was asked for"
    assert not OPEN_SOCKETS.has_unserved, "a reload before Redis is known to be away would show the outage"


async def test_a_new_page_shows_the_outage_and_is_loaded_when_redis_is_back(
    console: Console, frozen: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The thawed Redis grants a lock to the event that was given up; the reload waits until that lock ends.
    monkeypatch.setattr(console.state_manager, "lock_expiration", 500)
    is_unreachable = True
    for module in (states, session_watchdog):
        monkeypatch.setattr(module, "redis_is_unreachable", lambda: is_unreachable)
    watch = SessionWatch(console)
    tab = Tab(console, "t1", await sign_in(await make_user("ana")))
    with frozen():
        await tab.hydrate()
        await until(lambda: shown(console.received.get("t1", []), SessionState, "outage"))
        await watch.once()
        assert OPEN_SOCKETS.has_unserved, "it waits for Redis"
    is_unreachable = False
    await watch.once()
    await until(lambda: shown(console.received.get("t1", []), Notes, "rows"))
    assert shown(console.received["t1"], Notes, "rows") == [f"{SECRET} of ana"]
    assert shown(console.received["t1"], SessionState, "outage") is False


async def test_a_lock_that_a_cancelled_event_was_granted_is_given_back(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tab that reloads cancels its first snapshot, and must not wait ten seconds for what that one left."""
    manager = console.state_manager
    assert isinstance(manager, States)
    grant, is_granted, may_answer = manager.redis.set, asyncio.Event(), asyncio.Event()

    async def grant_slowly(*args: Any, **options: Any) -> Any:
        granted = await grant(*args, **options)
        is_granted.set()
        await may_answer.wait()
        return granted

    async def change() -> None:
        async with manager.modify_state(BaseStateToken(ident="t1", cls=State)):
            pass

    monkeypatch.setattr(manager.redis, "set", grant_slowly)
    cancelled = asyncio.create_task(change())
    await until(is_granted.is_set)
    cancelled.cancel()
    may_answer.set()  # only now: the cancelled event waits for the answer
    await asyncio.gather(cancelled, return_exceptions=True)
    assert cancelled.cancelled()
    await asyncio.wait_for(change(), LIMIT_S)


async def test_subscriptions_wait_longer_than_a_command_may(
    frozen: Frozen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "TIMEOUT_S", 0.2)
    client = Redis.from_url(RedisServer(tmp_path).start())
    commands = bounded(client)
    async with commands.pubsub() as subscription:
        await subscription.subscribe("news")
        assert (await anext(subscription.listen()))["type"] == "subscribe"
        hearing = asyncio.ensure_future(anext(subscription.listen()))
        await asyncio.wait({hearing}, timeout=0.6)
        await commands.publish("news", "good")
        assert (await hearing)["data"] == b"good"
    await commands.aclose()
    await client.aclose()


async def test_a_silent_redis_is_waited_for_once(
    frozen: Frozen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new page asks Redis several things before its first event: the waits must not add up."""
    monkeypatch.setattr(states, "redis_is_unreachable", lambda: True)
    client = Redis.from_url(RedisServer(tmp_path).start())
    commands = bounded(client)
    await commands.set("key", "value")
    with frozen():
        began = monotonic()
        for _ in range(10):
            with pytest.raises(RedisError):
                await commands.get("key")
        assert monotonic() - began < LIMIT_S
    monkeypatch.setattr(states, "redis_is_unreachable", lambda: False)
    assert await commands.get("key") == b"value"
    await commands.aclose()
    await client.aclose()
