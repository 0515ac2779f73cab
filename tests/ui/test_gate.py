"""No event runs without a valid session and permission, and no state changes hands unemptied."""

import asyncio
from typing import Any
from unittest.mock import AsyncMock

import pytest
from reflex.state import FrontendEventExceptionState, OnLoadInternalState, State, UpdateVarsInternalState
from reflex_base.registry import RegistrationContext
from reflex_base.utils.format import format_event_handler

from tca_app.core.errors import Unavailable
from tca_app.core.security.tokens import cookie_in
from tca_app.features.auth import service as auth
from tca_app.features.auth.queries import session_cache
from tca_app.ui import gate
from tca_app.ui.handlers import INTERNAL_HANDLERS, PERMISSIONS, is_sent_by_pages, permission_of
from tca_app.ui.session import SessionState
from tca_app.ui.websocket.sockets import OPEN_SOCKETS
from tests.factories import make_admin, make_user, run
from tests.logs import written_log
from tests.ui.harness import ENTERED, LEAVE, SECRET, Console, More, Notes, Tab, redirects, shown, sign_in


async def test_a_person_sees_their_page(console: Console) -> None:
    tab = Tab(console, "t1", await sign_in(await make_user("ana")))
    updates = await tab.hydrate()
    assert shown(updates, SessionState, "username") == "ana"
    assert shown(updates, Notes, "rows") == [f"{SECRET} of ana"]
    assert shown(updates, SessionState, "grants") == ["public", "signed_in", "second_factor.setup"]
    assert not console.errors


async def test_a_stranger_is_led_to_the_sign_in_page_and_sees_nothing(console: Console) -> None:
    updates = await Tab(console, "t1").hydrate()
    assert redirects(updates) == ["/login?next=/notes"] * 2  # the guard and the rows: each is refused for itself
    assert SECRET not in repr(updates)


async def test_every_event_of_the_registry_is_refused_to_a_stranger(console: Console) -> None:
    tab = Tab(console, "t1", path="/")
    await tab.hydrate()
    for name in list(RegistrationContext.get().event_handlers):
        if name in INTERNAL_HANDLERS or permission_of(name) == "public":
            continue
        updates = await tab.send(name)
        permitted = redirects(updates) == ["/login"] if permission_of(name) else not updates
        assert permitted, f"{name} answered {updates}"
    assert not console.errors


async def test_what_nobody_guarded_does_not_run(console: Console) -> None:
    tab = Tab(console, "t1", await sign_in(await make_admin()))
    await tab.hydrate()
    assert not await tab.send(Notes.forgotten)
    assert not await tab.send(Notes.setvar, var_name="rows", value=["x"])
    assert not await tab.send(State.set_is_hydrated, value=True)
    vars_ = {f"{SessionState.get_full_name()}.username_rx_state_": "admin"}
    assert not await tab.send(UpdateVarsInternalState.update_vars_internal, vars=vars_)
    assert not console.errors


@pytest.mark.parametrize("has_account", [False, True])
@pytest.mark.parametrize("first", ["hydrate", "event", "navigation", "old hydrate"])
async def test_a_stolen_client_token_gives_nothing(console: Console, first: str, has_account: bool) -> None:
    """The attacker's first event may load only a part of the tree: whatever was not loaded must not survive."""
    victim = Tab(console, "t1", await sign_in(await make_user("victim")))
    assert SECRET in repr(await victim.hydrate())
    await victim.send(More.load)
    thief = Tab(console, "t1", await sign_in(await make_user("thief")) if has_account else "", path="/other")
    openings: dict[str, Any] = {
        "event": Notes.purge,
        "navigation": OnLoadInternalState.on_load_internal,
        "old hydrate": State.hydrate,
        "hydrate": State.hydrate_and_load,
    }
    seen = await thief.send(openings[first])
    seen += await thief.send(Notes.rename, note_id=1, text="x")
    seen += await thief.hydrate()
    seen += await thief.send(State.hydrate)
    assert SECRET not in repr(seen)
    assert "victim" not in repr(seen)
    # The owner is not harmed: the next event loads the page again, without what the thief left behind.
    victim.connect()
    again = await victim.send(Notes.rename, note_id=1, text="x")
    assert shown(again, SessionState, "username") == "victim"
    assert shown(again, Notes, "acts") == []


async def test_an_answer_that_comes_late_is_not_given_to_who_took_the_token(console: Console) -> None:
    victim = Tab(console, "t1", await sign_in(await make_user()))
    await victim.hydrate()
    LEAVE.clear()
    ENTERED.clear()
    running = asyncio.create_task(victim.send(Notes.wait))
    queued = asyncio.create_task(victim.send(Notes.load))
    await asyncio.wait_for(ENTERED.wait(), 10)
    console.received.clear()
    thief = Tab(console, "t1", path="/other")  # connecting takes the token over
    LEAVE.set()
    seen = [*await running, *await queued, *await thief.hydrate()]
    assert SECRET not in repr(seen)
    assert SECRET not in repr(console.received)


async def test_a_chosen_token_does_not_follow_into_the_sign_in(console: Console) -> None:
    """No session fixation: the attacker knows the token that the victim will use."""
    attacker = Tab(console, "t1", path="/login")
    await attacker.hydrate()
    victim = Tab(console, "t1", await sign_in(await make_user()))
    assert SECRET in repr(await victim.hydrate())
    attacker.connect()
    seen = await attacker.send(SessionState.dismiss_toast, toast_id="x")
    seen += await attacker.hydrate()
    assert SECRET not in repr(seen)


async def test_a_revoked_session_has_no_further_effect(console: Console) -> None:
    actor = await make_user()
    tab = Tab(console, "t1", await sign_in(actor))
    await tab.hydrate()
    await run(auth.revoke_user, None, actor.user_id, "test")
    session_cache.clear()
    updates = await tab.send(Notes.rename, note_id=1, text="late")
    assert shown(updates, Notes, "acts") == []  # the snapshot of the emptied state
    assert shown(updates, SessionState, "username") == ""
    assert set(redirects(updates)) == {"/login?next=/notes"}


async def test_a_state_that_was_lost_is_loaded_again_instead_of_signing_out(console: Console) -> None:
    cookie = await sign_in(await make_user("ana"))
    updates = await Tab(console, "t2", cookie).send(Notes.rename, note_id=1, text="x")
    assert shown(updates, SessionState, "username") == "ana"
    assert not redirects(updates)


async def test_without_the_permission_there_is_a_toast_and_no_effect(console: Console) -> None:
    tab = Tab(console, "t1", await sign_in(await make_user()))
    await tab.hydrate()
    updates = await tab.send(Notes.purge)
    assert shown(updates, Notes, "acts") is None
    assert [toast["text"] for toast in shown(updates, SessionState, "toasts")] == [gate.REFUSED]


async def test_no_toast_on_a_page_that_says_so_itself(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(gate.PAGE_PERMISSIONS, "notes", "users.manage")
    tab = Tab(console, "t1", await sign_in(await make_user()))
    await tab.hydrate()
    assert not await tab.send(Notes.purge)


async def test_demotion_counts_at_the_next_event(console: Console) -> None:
    admin = await make_admin()
    tab = Tab(console, "t1", await sign_in(admin))
    await tab.hydrate()
    assert shown(await tab.send(Notes.purge), Notes, "acts") == ["purged"]
    await run(auth.revoke_user, None, admin.user_id, "demoted")
    session_cache.clear()
    assert shown(await tab.send(Notes.purge), Notes, "acts") == []


@pytest.mark.parametrize(("error", "waiting"), [(Unavailable(), ["t1"]), (RuntimeError("a fault"), [])])
async def test_without_the_database_nothing_runs(
    console: Console, monkeypatch: pytest.MonkeyPatch, error: Exception, waiting: list[str]
) -> None:
    tab = Tab(console, "t1", await sign_in(await make_admin()))
    await tab.hydrate()

    monkeypatch.setattr(auth, "resolve_browser", AsyncMock(side_effect=error))
    updates = await tab.send(Notes.purge)
    assert shown(updates, Notes, "acts") is None
    assert shown(updates, SessionState, "toasts")[0]["text"] == gate.NO_ANSWER
    assert shown(updates, State, "is_hydrated") is True, "the progress bar ends"
    assert shown(await tab.hydrate(), SessionState, "outage") is True
    assert list(OPEN_SOCKETS.take_unserved()) == waiting


async def test_a_database_that_hangs_is_not_waited_for(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = Tab(console, "t1", await sign_in(await make_admin()))
    await tab.hydrate()

    async def hang(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(auth, "resolve_browser", hang)
    monkeypatch.setattr(gate, "ANSWER_WITHIN_S", 0.05)
    updates = await tab.send(Notes.purge)
    assert shown(updates, Notes, "acts") is None
    assert shown(updates, SessionState, "toasts")[0]["text"] == gate.NO_ANSWER


async def test_an_error_of_the_browser_is_bounded(console: Console) -> None:
    tab = Tab(console, "t1", await sign_in(await make_user()))
    await tab.hydrate()
    report = FrontendEventExceptionState.handle_frontend_exception
    await tab.send(report, info="x" * 20_000, component_stack="")
    assert not console.errors


def test_the_short_list_names_handlers_that_exist() -> None:
    known = RegistrationContext.get().event_handlers
    assert set(INTERNAL_HANDLERS) <= set(known)
    assert format_event_handler(State.hydrate_and_load) in INTERNAL_HANDLERS


def test_every_permission_refuses_a_stranger_but_public() -> None:
    assert [name for name, rule in PERMISSIONS.items() if rule(None)] == ["public"]


@pytest.mark.parametrize(
    ("header", "cookie"),
    [
        ("", ""),
        ("sid=abc", "abc"),
        ("a=b; sid=abc; c=d", "abc"),
        ('sid="abc"', "abc"),
        ("xsid=abc", ""),
        ("sid=", ""),
        ("; ;=;sid", ""),
    ],
)
def test_the_session_cookie_is_found_in_any_header(header: str, cookie: str) -> None:
    assert cookie_in(header, "sid") == cookie


@pytest.mark.parametrize(
    "payload",
    [
        {"hashes": "x"},
        {"hashes": [1]},
        {"hashes": ["x"] * 3_000},
        {"vars": {"nobody.owns_this": 1}},
        {"vars": 7},
        {"nonsense": 1},
    ],
    ids=str,
)
async def test_a_malformed_hydrate_is_refused_in_one_line(console: Console, payload: dict[str, Any]) -> None:
    tab = Tab(console, "t1", await sign_in(await make_user()))
    with written_log() as text:
        updates = await tab.hydrate(**payload)
    assert not console.errors
    assert SECRET not in str(updates)
    assert "Traceback" not in text.getvalue()
    assert "exception" not in text.getvalue()


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        (OnLoadInternalState.on_load_internal, {"x": 1}),
        (OnLoadInternalState.set_is_hydrated, {}),
        (OnLoadInternalState.set_is_hydrated, {"value": {}}),
        (FrontendEventExceptionState.handle_frontend_exception, {"info": {}, "component_stack": 1}),
    ],
)
async def test_reflex_own_handlers_take_what_they_declare(
    console: Console, event: Any, payload: dict[str, Any]
) -> None:
    tab = Tab(console, "t1", await sign_in(await make_user()))
    await tab.hydrate()
    await tab.send(event, **payload)
    assert not console.errors


async def test_a_handshake_is_that_of_a_session_or_a_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    client = auth.Client(ip="203.0.113.7")
    cookies = [await sign_in(await make_user()) for _ in range(2)]
    sessions = [await gate.socket_session(cookie, client) for cookie in cookies]
    assert all(name.startswith("session ") for name in sessions)
    assert len(set(sessions)) == 2
    assert await gate.socket_session("made up", client) == ""
    assert await gate.socket_session("", client) == ""

    async def unreachable(*_args: Any, **_kwargs: Any) -> None:
        raise Unavailable

    monkeypatch.setattr(auth, "resolve_browser", unreachable)
    known = await gate.socket_session("made up", client)
    assert known.startswith("cookie ")
    assert "made up" not in known


@pytest.mark.parametrize(
    ("name", "payload", "is_sent"),
    [
        (Notes.rename, {"note_id": 7}, True),
        (State.hydrate_and_load, {"hashes": ["a"]}, True),
        (State.hydrate_and_load, {"hashes": "a"}, False),
        (State.hydrate_and_load, {"vars": {"x.y": 1}}, False),
        (UpdateVarsInternalState.update_vars_internal, {"vars": {}}, False),
        (Notes.forgotten, {}, False),
        ("nobody.knows", {}, False),
        (Notes.rename, [], False),
    ],
)
def test_pages_send_events_of_known_handlers(name: Any, payload: Any, is_sent: bool) -> None:
    full = name if isinstance(name, str) else format_event_handler(name)
    assert is_sent_by_pages(RegistrationContext.get().event_handlers, full, payload) is is_sent
