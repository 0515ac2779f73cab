"""A frozen PostgreSQL and the pages: each event is answered in time, and the pages recover."""

from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.config.settings import get_settings
from tca_app.core.database.connection import SERVER
from tca_app.core.database.session import close_db, pool_use
from tca_app.core.stores.embedded import embedded_stores
from tca_app.server.migrate import migrate
from tca_app.ui import gate
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState
from tca_app.ui.websocket.session_watchdog import SessionWatch
from tca_app.ui.websocket.sockets import OPEN_SOCKETS
from tests.factories import make_admin, until
from tests.processes import frozen_postgres
from tests.ui.harness import Console, Tab, console_on, shown, sign_in

LIMIT_S = 10.0  # two by design; the rest is for a machine that does much at once


class Crew(SessionState):
    """A page whose handler asks the database, after the gate has let it pass."""

    names: list[str] = []

    @handler("signed_in")
    async def load(self) -> None:
        self.names = [(await make_admin()).username]


@pytest.fixture
async def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Console]:
    """On a database of its own, so that it may be frozen."""
    await close_db()
    with embedded_stores(tmp_path, redis=False, durable=False) as urls:
        monkeypatch.setenv("DATABASE_URL", urls.database_url)
        get_settings.cache_clear()
        migrate()
        async with console_on(StateManagerMemory()) as running:
            yield running
        await close_db()
    monkeypatch.undo()
    get_settings.cache_clear()


async def _timed(tab: Tab, event: Any) -> Any:
    began = monotonic()
    updates = await tab.send(event)
    assert monotonic() - began < LIMIT_S
    return updates


async def test_events_are_answered_in_time_and_served_afterwards(console: Console, tmp_path: Path) -> None:
    tab = Tab(console, "t1", await sign_in(await make_admin()))
    await tab.hydrate()
    assert len(shown(await tab.send(Crew.load), Crew, "names")) == 1
    with frozen_postgres(tmp_path):
        for _ in range(3):  # by the gate or by the handler, whichever asks first
            toasts = shown(await _timed(tab, Crew.load), SessionState, "toasts")
            assert toasts[-1]["text"].startswith(
                ("The console cannot reach", "A part of the console", "The database did")
            )
        other = Tab(console, "t2", tab.headers["cookie"].rpartition("=")[2])
        assert shown(await _timed(other, gate.REHYDRATE), SessionState, "outage") is True
        watch = SessionWatch(console)
        await watch.once()
        assert OPEN_SOCKETS.has_unserved, "it waits for PostgreSQL"
    await until(lambda: not SERVER.is_silent)
    console.received.clear()

    async def is_loaded() -> bool:
        await watch.once()
        return shown(console.received.get("t2", []), SessionState, "outage") is False

    await until(is_loaded)
    assert len(shown(await tab.send(Crew.load), Crew, "names")) == 1
    assert not console.errors
    await until(lambda: [use[2] for use in pool_use().values()] == [0, 0])  # the reloaded page may still load
