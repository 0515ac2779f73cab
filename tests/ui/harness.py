"""Reflex' event pipeline with our gate, without a server: tabs send events and record updates."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import reflex as rx
from reflex.app_mixins.middleware import MiddlewareMixin
from reflex.event import Event
from reflex.istate.manager import StateManager
from reflex.state import State, StateUpdate
from reflex.utils.token_manager import LocalTokenManager, SocketRecord
from reflex_base.event.processor import BaseStateEventProcessor
from reflex_base.registry import RegistrationContext
from reflex_base.utils.format import format_event_handler

from tca_app.core.actor import Actor
from tca_app.core.security.tokens import cookie_name
from tca_app.features.auth import service as auth
from tca_app.ui.gate import Gate
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState
from tests.factories import run

SECRET = "canary-7f3a"  # what only the victim may see
ENTERED, LEAVE = asyncio.Event(), asyncio.Event()  # a handler that waits has begun; it may end
_sockets = itertools.count(1)


class Notes(SessionState):
    """Stands for any feature: rows for who is signed in, one act for admins, and mistakes that Gate must catch."""

    rows: list[str] = []
    acts: list[str] = []

    @handler("signed_in")
    async def load(self) -> None:
        self.rows = [f"{SECRET} of {self._as_actor().username}"]

    @handler("users.manage")
    async def purge(self) -> None:
        self.acts = [*self.acts, "purged"]

    @handler("signed_in")
    async def rename(self, note_id: int, text: str, flag: bool = False) -> None:
        self.acts = [*self.acts, f"{note_id}:{text}:{flag}"]

    @handler("signed_in")
    async def wait(self) -> Any:
        """Long enough for the tab to close and another to take its token."""
        ENTERED.set()
        await LEAVE.wait()
        self.rows = [f"late {SECRET}"]
        return Notes.load

    @handler("signed_in")
    async def fail(self) -> None:
        raise RuntimeError("inner detail")

    @handler("signed_in")
    async def remove(self) -> None:
        self._toast("Gone.", undo=Notes.restore(7))

    @handler("signed_in")
    async def restore(self, note_id: int) -> None:
        self.acts = [f"restored {note_id}"]

    def forgotten(self) -> None:
        self.acts = [*self.acts, "forgotten"]


class More(SessionState):
    """A second branch of the tree: with Redis an event of the first one does not load it."""

    text: str = ""

    @handler("signed_in")
    async def load(self) -> None:
        self.text = SECRET


class Console(MiddlewareMixin):
    """As much of rx.App as the pipeline asks for."""

    def __init__(self, manager: StateManager) -> None:
        super().__init__()
        self._middlewares = []
        self.add_middleware(Gate(), index=0)
        self.loads: dict[str, list[Any]] = {"/notes": [SessionState.enter, Notes.load]}
        self.received: dict[str, list[StateUpdate]] = {}
        self.errors: list[Exception] = []
        self.state_manager = manager
        tokens = LocalTokenManager()
        self.event_namespace = SimpleNamespace(
            _token_manager=tokens, sid_to_token=tokens.sid_to_token, namespace="/_event", emit=self._emit
        )
        self.processor = BaseStateEventProcessor(middleware=self, backend_exception_handler=self._keep_error)
        self.event_processor = self.processor

    def _keep_error(self, exception: Exception) -> None:
        self.errors.append(exception)

    def get_load_events(self, path: str) -> list[Any]:
        return self.loads.get(path.rstrip("/"), [])

    async def _emit(self, _name: str, update: StateUpdate, to: str) -> None:
        await self.emit_update(update, self.event_namespace.sid_to_token[to])

    async def emit_update(self, update: StateUpdate, token: str) -> None:
        self.received.setdefault(token, []).append(update)


@asynccontextmanager
async def console_on(manager: StateManager) -> AsyncIterator[Console]:
    """A running pipeline on that state manager."""
    registry = RegistrationContext.get().fork()
    console = Console(manager)
    registry._set_app(console)
    mark = RegistrationContext.set(registry)
    console.processor.configure(state_manager=manager, event_namespace=console)
    try:
        async with console.processor:
            yield console
    finally:
        RegistrationContext.reset(mark)


class Tab:
    """One browser tab: a client token, the cookie of its handshake, and what it was sent since it last asked."""

    def __init__(self, console: Console, token: str, cookie: str = "", path: str = "/notes") -> None:
        self.console, self.token, self.path = console, token, path
        self.headers = {"cookie": f"theme=dark; {cookie_name()}={cookie}"} if cookie else {}
        self.socket = f"socket-{next(_sockets)}"
        self.connect()

    def connect(self) -> None:
        """Take the token, as a socket that is opened with it does."""
        manager = self.console.event_namespace._token_manager
        manager.token_to_socket[self.token] = SocketRecord(instance_id=manager.instance_id, sid=self.socket)
        manager.sid_to_token[self.socket] = self.token

    async def send(self, name: Any, /, **payload: Any) -> list[StateUpdate]:
        """Send an event; returns all that came back for it and for what it chained."""
        self.console.received.pop(self.token, None)
        full = name if isinstance(name, str) else format_event_handler(name)
        event = Event(name=full, payload=payload, router_data=self._router_data())
        future = await self.console.processor.enqueue(self.token, event)
        await asyncio.wait_for(asyncio.gather(future.wait_all(), return_exceptions=True), 10)
        return self.console.received.get(self.token, [])

    async def hydrate(self, **payload: Any) -> list[StateUpdate]:
        return await self.send(State.hydrate_and_load, **payload)

    def _router_data(self) -> dict[str, Any]:
        return {
            "headers": dict(self.headers),
            "pathname": self.path,
            "asPath": self.path,
            "sid": self.socket,
            "token": self.token,
            "ip": "127.0.0.1",
            "query": {},
        }


def shown(updates: list[StateUpdate], state: type[rx.State], name: str) -> Any:
    """The last value of a var that the tab was sent, or None."""
    values = [
        update.delta[state.get_full_name()][f"{name}_rx_state_"]
        for update in updates
        if update.delta and f"{name}_rx_state_" in update.delta.get(state.get_full_name(), {})
    ]
    return values[-1] if values else None


def redirects(updates: list[StateUpdate]) -> list[str]:
    """Where the tab was sent to."""
    return [event.payload["path"] for update in updates for event in update.events or [] if event.name == "_redirect"]


async def sign_in(actor: Actor) -> str:
    """A new browser session; returns its cookie."""
    done = await run(auth.open_session, actor.user_id, auth.Client(ip="127.0.0.1"), "browser")
    return done.cookie


async def in_bulk(tab: Tab, state: Any, action: str, *ids: int) -> tuple[str, list[str], list[Any]]:
    """Confirms an action on many rows. Returns its toast, the names of the rows that were refused, and the updates."""
    asked = await tab.send(state.ask_rows, action=action, ids=list(ids))
    updates = asked + (await tab.send(state.run_bulk) if shown(asked, state, "is_bulk_open") else [])
    toasts = shown(updates, SessionState, "toasts") or []
    refusals = shown(updates, state, "refusals") or []
    return (toasts[-1]["text"] if toasts else ""), [line["name"] for line in refusals], updates
