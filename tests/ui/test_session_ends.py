"""An ended session stays ended: whatever ended it, whatever is cached, with an open tab, without Redis."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import psycopg
import pytest
from reflex.istate.manager.memory import StateManagerMemory
from sqlalchemy import update

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.cache.local import LocalCache
from tca_app.core.cache.redis import close_redis
from tca_app.core.database.session import transaction
from tca_app.core.security.rate_limits import get_limits
from tca_app.features.auth import service as auth
from tca_app.models import AuthSession
from tca_app.ui.session import SessionState
from tca_app.ui.websocket.session_watchdog import SessionWatch
from tca_app.ui.websocket.sockets import OPEN_SOCKETS
from tests.factories import bearer, make_user, row_of, run, until
from tests.ui.harness import SECRET, Console, Notes, Tab, console_on, redirects, shown

ENDS = ("idle", "absolute end", "revoked", "deactivated")
SOON_S = (1.5, 4.5, 20)  # the first is less than a cached copy lives
LONG_AGO = timedelta(minutes=10)  # the last use that is written down: the next use is written down too


@pytest.fixture(params=["with Redis", "without Redis"], autouse=True)
async def _redis(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    if request.param == "with Redis":
        yield
        return
    await close_redis()
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("RATE_LIMIT_API", "600/minute")
    get_settings.cache_clear()
    get_limits.cache_clear()
    yield
    await close_redis()
    monkeypatch.undo()
    get_settings.cache_clear()
    get_limits.cache_clear()


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    async with console_on(StateManagerMemory()) as running:
        yield running


async def open_browser(actor: Actor) -> auth.SignIn:
    return await run(auth.open_session, actor.user_id, auth.Client(ip="127.0.0.1"), "browser")


async def soon(end: str, session_id: int, seconds: float = 0) -> datetime:
    """Let a session end by itself in a moment, or let it live; returns when it would end."""
    now = datetime.now(UTC)
    at = now + timedelta(seconds=seconds)
    values = {"last_used_at": now - LONG_AGO}
    if end == "idle":
        values["last_used_at"] = at - timedelta(minutes=get_settings().session_idle_minutes)
    elif end == "absolute end":
        values["expires_at"] = at
    async with transaction() as session:
        await session.execute(update(AuthSession).where(AuthSession.id == session_id).values(values))
    return at


async def used_before_its_end(end: str, session_id: int, use: Callable[[], Awaitable[bool]]) -> datetime:
    """Uses a session that ends by itself in a moment; returns when. A busy machine is given a longer moment."""
    for seconds in SOON_S:
        at = await soon(end, session_id, seconds)
        if await use():
            return at
    pytest.fail("the session was not usable before its end")


async def ended(end: str, at: datetime, actor: Actor, session_id: int, copies: LocalCache[Any]) -> None:
    """Returns when the session has ended: time has passed, or this process was notified of its end."""
    if end in ("idle", "absolute end"):
        await until(lambda: datetime.now(UTC) > at)
        return
    generation = copies.generation
    with psycopg.connect(get_settings().database_url.get_secret_value(), autocommit=True) as other:
        if end == "revoked":
            other.execute("UPDATE auth_sessions SET revoked_at = now() WHERE id = %s", (session_id,))
        else:
            other.execute("UPDATE users SET is_active = false WHERE id = %s", (actor.user_id,))
    await until(lambda: copies.generation > generation)


@asynccontextmanager
async def watched(console: Console, tab: Tab) -> AsyncIterator[tuple[SessionWatch, list[str]]]:
    """The watch over the sockets of this console, and the sockets that it closed."""
    closed: list[str] = []

    async def emit(*_: Any, **__: Any) -> None:
        """What the tab is sent is tested with the watch itself."""

    async def disconnect(socket_id: str, namespace: str) -> None:
        closed.append(socket_id)

    space = console.event_namespace
    space.sid_to_token, space.namespace, space.emit = {tab.socket: tab.token}, "/_event", emit
    console.sio = SimpleNamespace(disconnect=disconnect)  # type: ignore[attr-defined]
    yield SessionWatch(console), closed  # type: ignore[arg-type]
    OPEN_SOCKETS.forget_closed([])


@pytest.mark.parametrize("end", ENDS)
async def test_an_open_tab_is_cut_and_does_not_revive_its_session(
    console: Console, listening: LocalCache[Any], end: str
) -> None:
    actor = await make_user()
    done = await open_browser(actor)
    tab = Tab(console, "t1", done.cookie)
    async with watched(console, tab) as (watch, closed):

        async def cut() -> bool:
            await watch.once()  # it renews the cached copy for as long as the session lives
            return closed == [tab.socket]

        async def is_open() -> bool:
            closed.clear()
            return SECRET in repr(await tab.hydrate()) and not await cut()

        at = await used_before_its_end(end, done.session_id, is_open)
        before = (await row_of(AuthSession, done.session_id))["last_used_at"]
        if end in ("revoked", "deactivated"):
            await ended(end, at, actor, done.session_id, listening)
        await until(cut)
        again = Tab(console, "t1", done.cookie)  # the browser connects again at once, with the same cookie
        seen = [*await again.hydrate(), *await again.send(Notes.rename, note_id=1, text="after the end")]
    assert set(redirects(seen)) == {"/login?next=/notes"}
    assert SECRET not in repr(seen)
    assert shown(seen, SessionState, "username") in ("", None)
    assert (await row_of(AuthSession, done.session_id))["last_used_at"] == before


@pytest.mark.parametrize("end", ENDS)
async def test_an_event_after_the_end_has_no_effect_though_the_session_is_cached(
    console: Console, listening: LocalCache[Any], end: str
) -> None:
    actor = await make_user()
    done = await open_browser(actor)
    tab = Tab(console, "t1", done.cookie)

    async def is_open() -> bool:
        return SECRET in repr(await tab.hydrate())

    at = await used_before_its_end(end, done.session_id, is_open)
    before = (await row_of(AuthSession, done.session_id))["last_used_at"]
    await ended(end, at, actor, done.session_id, listening)
    seen = await tab.send(Notes.rename, note_id=1, text="after the end")
    assert set(redirects(seen)) == {"/login?next=/notes"}
    assert "after the end" not in repr(seen)
    assert (await row_of(AuthSession, done.session_id))["last_used_at"] == before


@pytest.mark.parametrize("end", ENDS[1:])  # the sessions of scripts have no idle end
async def test_a_token_after_the_end_is_refused_though_the_session_is_cached(
    api: httpx.AsyncClient, listening: LocalCache[Any], end: str
) -> None:
    actor = await make_user()
    header = await bearer(actor)
    async with transaction() as session:
        caller = await auth.resolve_bearer(session, header["Authorization"].removeprefix("Bearer "))
    session_id = caller.actor.session_id

    async def is_accepted() -> bool:
        return (await api.get("/api/v1/users/me", headers=header)).status_code == 200

    at = await used_before_its_end(end, session_id, is_accepted)
    before = (await row_of(AuthSession, session_id))["last_used_at"]
    await ended(end, at, actor, session_id, listening)
    assert (await api.get("/api/v1/users/me", headers=header)).status_code == 401
    assert (await row_of(AuthSession, session_id))["last_used_at"] == before


@pytest.mark.parametrize(
    ("end", "change"),
    [
        ("idle", "UPDATE auth_sessions SET last_used_at = now() - interval '12 hours 1 second'"),
        ("absolute end", "UPDATE auth_sessions SET expires_at = now()"),
        ("revoked", "UPDATE auth_sessions SET revoked_at = now()"),
        ("deactivated", "UPDATE users SET is_active = false"),
        ("password changed", "UPDATE users SET auth_version = auth_version + 1"),
        ("in the trash", "UPDATE users SET deleted_at = now()"),
    ],
)
async def test_the_use_of_a_session_that_has_ended_is_not_written_down(end: str, change: str) -> None:
    done = await open_browser(await make_user())
    assert await run(auth.touch, done.session_id)
    with psycopg.connect(get_settings().database_url.get_secret_value(), autocommit=True) as other:
        other.execute(change.encode())
    before = (await row_of(AuthSession, done.session_id))["last_used_at"]
    assert not await run(auth.touch, done.session_id)
    assert (await row_of(AuthSession, done.session_id))["last_used_at"] == before


async def test_only_what_a_person_does_keeps_a_session(console: Console, listening: LocalCache[Any]) -> None:
    """A tab that is left open connects again after each break of the network; its pages then load anew."""
    done = await open_browser(await make_user())
    await soon("no end", done.session_id)
    before = (await row_of(AuthSession, done.session_id))["last_used_at"]
    tab = Tab(console, "t1", done.cookie)
    await tab.hydrate()
    assert (await row_of(AuthSession, done.session_id))["last_used_at"] == before
    await tab.hydrate(hashes=["of a page that was just opened"])
    opened = (await row_of(AuthSession, done.session_id))["last_used_at"]
    assert opened - before > LONG_AGO / 2
    await soon("no end", done.session_id)
    listening.clear()
    await tab.send(Notes.rename, note_id=1, text="x")
    acted = (await row_of(AuthSession, done.session_id))["last_used_at"]
    assert acted >= opened


async def test_the_cookie_of_an_open_tab_is_no_access_token(
    api: httpx.AsyncClient, console: Console, listening: LocalCache[Any]
) -> None:
    done = await open_browser(await make_user())
    await Tab(console, "t1", done.cookie).hydrate()
    assert auth.known_browser(done.cookie, auth.Client()) is not None
    for token in (f"browser:{done.cookie}", f"cookie:{done.cookie}", done.cookie):
        answer = await api.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, token


async def test_an_access_token_is_no_cookie(
    api: httpx.AsyncClient, console: Console, listening: LocalCache[Any]
) -> None:
    header = await bearer(await make_user())
    token = header["Authorization"].removeprefix("Bearer ")
    assert (await api.get("/api/v1/users/me", headers=header)).status_code == 200
    for cookie in (token, f"bearer:{token}"):
        seen = await Tab(console, "t1", cookie).hydrate()
        assert SECRET not in repr(seen)
