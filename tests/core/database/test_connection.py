"""A frozen PostgreSQL: every wait ends within its limit, and nothing is left over when it resumes."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.core.cache.local import listen, seconds_disconnected
from tca_app.core.database import session as sessions
from tca_app.core.database.connection import SERVER, Connection, NoAnswer
from tca_app.core.database.session import OUTCOME_UNKNOWN, close_db, pool_use, reading, take_time, transaction
from tca_app.core.errors import Unavailable
from tca_app.core.stores.embedded import embedded_stores
from tests.conftest import POOL_WAIT_S
from tests.factories import until
from tests.processes import frozen_postgres

LIMIT_S = 10.0  # two by design; the rest is for a machine that does much at once
ADD = text("INSERT INTO notes VALUES ('x')")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A PostgreSQL that only this file uses, so it may be stopped."""
    home = tmp_path_factory.mktemp("frozen")
    with embedded_stores(home, redis=False, durable=False):
        yield home


@pytest.fixture(autouse=True)
async def _own_database(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    await close_db()
    monkeypatch.setattr(sessions, "POOL_WAIT_S", POOL_WAIT_S)
    with embedded_stores(data_dir, redis=False, durable=False) as urls:
        monkeypatch.setattr(get_settings(), "database_url", SecretStr(urls.database_url))
        async with transaction() as session:
            await session.execute(text("CREATE TABLE IF NOT EXISTS notes (text text)"))
        yield
    await close_db()


@pytest.fixture
def frozen(data_dir: Path) -> Callable[[], AbstractContextManager[None]]:
    return lambda: frozen_postgres(data_dir)


Frozen = Callable[[], AbstractContextManager[None]]


async def _read() -> Any:
    async with reading() as session:
        return (await session.execute(text("SELECT count(*) FROM notes"))).scalar_one()


async def _write() -> None:
    async with transaction() as session:
        await session.execute(ADD)


async def _is_refused(act: Callable[[], Awaitable[Any]]) -> str:
    began = monotonic()
    with pytest.raises(Unavailable) as refusal:
        await act()
    assert monotonic() - began < LIMIT_S
    assert refusal.value.headers["Retry-After"]
    return refusal.value.detail


async def _is_as_before() -> None:
    """It answers, and no pool has lent anything."""
    await until(lambda: not SERVER.is_silent)
    await asyncio.gather(*(act() for act in (_read, _write) for _ in range(10)))
    assert [use[2] for use in pool_use().values()] == [0, 0]


async def test_a_crowd_of_reads_and_writes_is_refused_in_time(frozen: Frozen) -> None:
    """More than the pools have connections, some of them open already and just used."""
    await asyncio.gather(*(act() for act in (_read, _write) for _ in range(4)))
    with frozen():
        await asyncio.gather(*(_is_refused(act) for act in (_read, _write) for _ in range(30)))
        await asyncio.gather(*(_is_refused(act) for act in (_read, _write) for _ in range(30)))
    await _is_as_before()


async def test_new_connections_are_refused_in_time(frozen: Frozen) -> None:
    await close_db()
    with frozen():
        await asyncio.gather(*(_is_refused(act) for act in (_read, _write) for _ in range(30)))
    await _is_as_before()


async def test_a_connection_that_was_idle_is_refused_in_time(frozen: Frozen) -> None:
    await asyncio.gather(_read(), _write())
    with frozen():
        await asyncio.gather(_is_refused(_read), _is_refused(_write))
    await _is_as_before()


async def test_a_commit_without_an_answer_is_reported_as_unknown(frozen: Frozen) -> None:
    with ExitStack() as until_the_end:

        async def write() -> None:
            async with transaction() as session:
                await session.execute(ADD)
                until_the_end.enter_context(frozen())

        assert await _is_refused(write) == OUTCOME_UNKNOWN
    await _is_as_before()


async def test_a_rollback_without_an_answer_ends_in_time(frozen: Frozen) -> None:
    async def refuse() -> None:
        async with transaction() as session:
            await session.execute(ADD)
            with frozen():
                await _is_refused(session.rollback)
            raise Unavailable

    with pytest.raises(Unavailable):
        await refuse()
    await _is_as_before()


async def test_a_statement_that_is_given_up_lets_go_at_once(frozen: Frozen) -> None:
    await _read()
    with frozen():
        asking = asyncio.create_task(_read())
        await asyncio.sleep(0)
        began = monotonic()
        asking.cancel()
        await asyncio.wait({asking})
        assert monotonic() - began < LIMIT_S
    await _is_as_before()


async def test_a_slow_statement_is_not_a_frozen_server() -> None:
    async with reading() as session:
        assert (await session.execute(text("SELECT 1 FROM pg_sleep(2.5)"))).scalar_one() == 1
    assert not SERVER.is_silent


async def test_an_address_that_is_gone_does_not_hide_the_next_one() -> None:
    """As with several hosts in DATABASE_URL, or several addresses of one name."""
    with socket.create_server(("127.0.0.1", 0)) as gone:  # takes connections and says nothing
        options = conninfo_to_dict(get_settings().database_url.get_secret_value())
        hosts = {"host": f"127.0.0.1,{options['host']}", "port": f"{gone.getsockname()[1]},5432"}
        began = monotonic()
        connection = await Connection.connect(make_conninfo(**{**options, **hosts}))
        assert monotonic() - began < LIMIT_S
        await connection.close()
    assert not SERVER.is_silent


async def test_one_connection_that_hangs_is_dropped_while_others_work() -> None:
    connection = await Connection.connect(get_settings().database_url.get_secret_value(), autocommit=True)
    connection.limits = type(connection.limits)(1.0, 0.0)
    pid = connection.info.backend_pid
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(NoAnswer, match="within 1 s"):
            await connection.execute("SELECT 1")
        assert connection.closed
        assert await _read() is not None
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_work_that_nobody_waits_for_outlasts_a_short_freeze(frozen: Frozen) -> None:
    async with transaction() as session:
        await take_time(session)
        with frozen():
            asking = asyncio.create_task(session.execute(ADD))
            await _is_refused(_read)
            assert not asking.done()
        await asking
    await _is_as_before()


async def test_notifications_arrive_again_after_a_freeze(frozen: Frozen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tca_app.core.cache.local.PROBE_S", 0.2)
    listening = asyncio.create_task(listen())
    await until(lambda: seconds_disconnected() == 0)
    with frozen():
        await until(lambda: seconds_disconnected() > 0, LIMIT_S)
    await until(lambda: seconds_disconnected() == 0)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
