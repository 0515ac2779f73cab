"""A tab whose session ended is emptied and closed; every tab is, while permissions cannot be checked."""

import asyncio
import contextlib
from types import SimpleNamespace
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.errors import Unavailable
from tca_app.features.auth import service as auth
from tca_app.ui.session import SessionState
from tca_app.ui.websocket import session_watchdog
from tca_app.ui.websocket.session_watchdog import GRACE_S, SessionWatch
from tca_app.ui.websocket.sockets import OpenSockets
from tests.factories import make_user, run, signed_in


class FakeApp:
    """The socket side of rx.App: what is sent to whom, and who is disconnected."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []
        self.closed: list[str] = []
        self.rehydrated: list[str] = []
        self.state_manager = StateManagerMemory()
        self.event_namespace = SimpleNamespace(sid_to_token={}, namespace="/_event", emit=self._emit)
        self.sio = SimpleNamespace(disconnect=self._disconnect)
        self.event_processor = SimpleNamespace(enqueue=self._enqueue)

    async def _emit(self, _name: str, update: Any, to: str) -> None:
        self.sent.append((to, update))

    async def _disconnect(self, socket_id: str, namespace: str) -> None:
        self.closed.append(socket_id)

    async def _enqueue(self, token: str, _event: Any) -> None:
        self.rehydrated.append(token)


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> OpenSockets:
    fresh = OpenSockets()
    monkeypatch.setattr(session_watchdog, "OPEN_SOCKETS", fresh)
    return fresh


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FakeApp:
    monkeypatch.setattr(session_watchdog, "seconds_disconnected", lambda: 0.0)  # connected to change notifications
    return FakeApp()


def connect(app: FakeApp, sockets: OpenSockets, name: str, session_id: int, url: str = "/") -> None:
    app.event_namespace.sid_to_token[name] = f"token-{name}"
    sockets.note({"sid": name, "token": f"token-{name}", "asPath": url}, session_id)


async def test_only_the_dead_session_is_cut(app: FakeApp, sockets: OpenSockets) -> None:
    gone, _ = await signed_in(await make_user())
    kept, _ = await signed_in(await make_user())
    connect(app, sockets, "a", gone.session_id)
    connect(app, sockets, "b", kept.session_id)
    await run(auth.revoke_user, None, gone.user_id, "test")
    await SessionWatch(app).once()
    assert app.closed == ["a"]
    [(to, update)] = app.sent
    assert to == "a"
    assert update.delta[SessionState.get_full_name()]["username_rx_state_"] == ""
    assert [event.payload["path"] for event in update.events] == ["/login"]
    assert [socket.socket_id for socket in sockets.all()] == ["b"]


async def test_each_tab_of_an_ended_session_returns_to_its_own_page_after_the_sign_in(
    app: FakeApp, sockets: OpenSockets
) -> None:
    gone, _ = await signed_in(await make_user())
    urls = {"a": "/users?search=ana&page=2", "b": "/projects/7/?tab=settings", "c": "/login?next=/users", "d": "/"}
    for name, url in urls.items():
        connect(app, sockets, name, gone.session_id, url)
    await run(auth.revoke_user, None, gone.user_id, "test")
    await SessionWatch(app).once()
    assert {to: update.events[0].payload["path"] for to, update in app.sent} == {
        "a": "/login?next=/users%3Fsearch%3Dana%26page%3D2",
        "b": "/login?next=/projects/7/%3Ftab%3Dsettings",
        "c": "/login?next=/users",
        "d": "/login",
    }


async def test_sockets_that_closed_are_forgotten(app: FakeApp, sockets: OpenSockets) -> None:
    for number in range(100):
        connect(app, sockets, f"s{number}", 1)
    app.event_namespace.sid_to_token.clear()
    await SessionWatch(app).once()
    assert len(sockets) == 0
    assert not app.sent


async def test_silence_blanks_every_tab_after_the_grace_and_an_answer_brings_it_back(
    app: FakeApp, sockets: OpenSockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor, _ = await signed_in(await make_user())
    connect(app, sockets, "a", actor.session_id)
    now = 1000.0
    monkeypatch.setattr(session_watchdog, "monotonic", lambda: now)
    session_watch = SessionWatch(app)

    async def silent(*_: Any) -> set[int]:
        raise Unavailable

    answers = auth.live_sessions
    monkeypatch.setattr(auth, "live_sessions", silent)
    await session_watch.once()
    assert not app.sent
    now += GRACE_S + 0.1
    await session_watch.once()
    await session_watch.once()
    [(_, update)] = app.sent  # once, not every second
    assert update.delta[SessionState.get_full_name()]["outage_rx_state_"] is True
    assert update.delta[SessionState.get_full_name()]["username_rx_state_"] == ""
    monkeypatch.setattr(auth, "live_sessions", answers)
    await session_watch.once()
    assert app.rehydrated == ["token-a"]
    assert not app.closed


async def test_a_server_that_hangs_is_not_waited_for(
    app: FakeApp, sockets: OpenSockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Giving up on a query of a stopped PostgreSQL takes long itself: the watch goes on without it, and asks once."""
    connect(app, sockets, "a", 1)
    asked = []
    driver_gives_up = asyncio.Event()

    async def hang(*_: Any) -> set[int]:
        asked.append(1)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await driver_gives_up.wait()
        raise Unavailable

    monkeypatch.setattr(auth, "live_sessions", hang)
    monkeypatch.setattr(session_watchdog, "ANSWER_WITHIN_S", 0.05)
    session_watch = SessionWatch(app)
    async with asyncio.timeout(10):  # two rounds end although the query does not
        await session_watch.once()
        await session_watch.once()
    assert asked == [1]
    hanging = session_watch.asking
    assert hanging is not None
    assert not hanging.done()
    driver_gives_up.set()
    await asyncio.wait({hanging}, timeout=10)
    await session_watch.once()
    assert asked == [1, 1]


async def test_a_tab_says_once_that_it_may_be_stale_and_once_that_it_is_not(
    app: FakeApp, sockets: OpenSockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor, _ = await signed_in(await make_user())
    connect(app, sockets, "a", actor.session_id)
    session_watch = SessionWatch(app)
    for deaf_s in (0.0, 3.0, 4.0, 0.0, 0.0):
        monkeypatch.setattr(session_watchdog, "seconds_disconnected", lambda deaf_s=deaf_s: deaf_s)
        await session_watch.once()
    told = [update.delta[SessionState.get_full_name()]["is_stale_rx_state_"] for _, update in app.sent]
    assert told == [True, False]


async def test_a_tab_shows_that_redis_is_unreachable_until_it_is_back(
    app: FakeApp, sockets: OpenSockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor, _ = await signed_in(await make_user())
    connect(app, sockets, "a", actor.session_id)
    session_watch = SessionWatch(app)
    for is_unreachable in (False, True, True, False):
        monkeypatch.setattr(
            session_watchdog, "redis_is_unreachable", lambda is_unreachable=is_unreachable: is_unreachable
        )
        await session_watch.once()
    shown = [update.delta[SessionState.get_full_name()] for _, update in app.sent]
    assert [values["is_degraded_rx_state_"] for values in shown] == [True, False]
    assert {values["is_stale_rx_state_"] for values in shown} == {False}
