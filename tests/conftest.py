"""Stores of the test run: started and migrated once; every worker has its own database."""

import asyncio
import contextlib
import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import ASGIApp, Receive, Scope, Send
from xdist.scheduler import LoadScopeScheduling

from tca_app.config.settings import get_settings
from tca_app.core import instance
from tca_app.core.cache import redis
from tca_app.core.cache.local import LocalCache, listen
from tca_app.core.cache.redis import close_redis
from tca_app.core.database import session
from tca_app.core.database.session import close_db, transaction
from tca_app.core.events import consumers
from tca_app.core.security import rate_limits
from tca_app.core.stores.embedded import embedded_stores
from tca_app.demo.organisation import Demo
from tca_app.features.auth.queries import session_cache
from tca_app.frontend.build import ROOT, is_built
from tca_app.server.edge import Edge
from tca_app.server.migrate import migrate
from tests.demo_data import copy_in_use, fill_template
from tests.factories import until
from tests.processes import end_process, inherited
from tests.rest_api import rest_api

TABLES = (
    "dashboard_layouts",
    "list_preferences",
    "saved_views",
    "status_subscribers",
    "notification_digests",
    "notification_preferences",
    "notifications",
    "daily_metrics",
    "daily_deployments",
    "daily_deployment_totals",
    "daily_durations",
    "deployments_since",
    "rolled_since",
    "job_failures",
    "event_effects",
    "event_exports",
    "event_heads",
    "procrastinate_jobs",
    "idempotency_keys",
    "api_tokens",
    "ci_trusts",
    "used_id_tokens",
    "auth_sessions",
    "login_throttles",
    "one_time_tokens",
    "invitations",
    "identities",
    "pending_sign_ins",
    "webhook_deliveries",
    "webhooks",
    "certificate_warnings",
    "maintenance_checks",
    "maintenance_windows",
    "incident_notes",
    "incident_checks",
    "incidents",
    "health_rolls",
    "health_samples",
    "health_checks",
    "github_commits",
    "github_deliveries",
    "github_hooks",
    "slack_channels",
    "instance_settings",
    "backup_runs",
    "deployment_logs",
    "deployments",
    "freeze_windows",
    "environments",
    "project_groups",
    "group_members",
    "groups",
    "project_members",
    "projects",
    "users",
)
# Hashing is as cheap as argon2 allows: tests check the rules, not the cost.
CHEAP = {
    "PASSWORD_HASH_MEMORY_KIB": "8",
    "PASSWORD_HASH_ROUNDS": "1",
    "RATE_LIMIT_LOGIN": "",
    "RATE_LIMIT_API": "",
    "DATABASE_POOL_SIZE": "5",
    "ENVIRONMENT": "development",
    "LOG_LEVEL": "ERROR",
}
# A busy machine is not an unreachable store. Tests of an unreachable store use the timeouts of the product.
POOL_WAIT_S, session.POOL_WAIT_S = session.POOL_WAIT_S, 30
redis.TIMEOUT_S = rate_limits.TIMEOUT_S = 10.0  # type: ignore[attr-defined]  # imported there by name
# Under load a consumer waits for more events before each batch. Tests write a few and wait for the result.
consumers.BATCH_WAIT_S = 0.01
# By default a trace is rendered with the values of all local variables, which takes seconds.
_renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _renderer])
gc.disable()  # until the tests are collected, which leaves no garbage: looking for it takes a quarter of the time
_run = contextlib.ExitStack()
_stores: dict[str, str] = {}


def pytest_configure(config: pytest.Config) -> None:
    """The controller (or the only process) starts the stores and passes their URLs to the workers."""
    worker_input = getattr(config, "workerinput", None)
    if worker_input is not None:
        _stores.update(worker_input["stores"])
    elif not (config.option.collectonly or config.option.help):
        _stores.update(_start(config.args_source is config.ArgsSource.TESTPATHS))
    if _stores:
        _use_own_database(getattr(worker_input, "get", lambda *_: "main")("workerid", "main"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["stores"] = _stores


def pytest_unconfigure() -> None:
    _run.close()


def _start(is_whole_suite: bool) -> dict[str, str]:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a time-out, too, has to end the stores
    home = Path(tempfile.mkdtemp(prefix="tca-tests-"))
    _run.callback(shutil.rmtree, home, ignore_errors=True)
    if is_whole_suite and not is_built():
        _run.enter_context(_building_pages(home))
    urls = _run.enter_context(embedded_stores(home, durable=False))
    _settle(DATABASE_URL=urls.database_url, REDIS_URL=urls.redis_url, DATA_DIR=str(home))
    migrate()
    return {"home": str(home), "database_url": urls.database_url, "redis_url": urls.redis_url}


@contextlib.contextmanager
def _building_pages(home: Path) -> Iterator[None]:
    """Builds the pages meanwhile: two workers need them soon, and wait for this build, or do it anew if it failed."""
    builder = subprocess.Popen(
        [sys.executable, "-m", "tca_app", "build-pages"],
        cwd=ROOT,
        env=inherited() | {"DATA_DIR": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        end_process(builder)


def _use_own_database(worker: str) -> None:
    """A copy of the migrated database, and settings that lead to it: no test ever sees another store."""
    name = f"tca_{worker}"
    with psycopg.connect(_stores["database_url"].replace("/tca?", "/postgres?"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE tca")
    number = int("".join(c for c in worker if c.isdigit()) or 0)
    _settle(
        DATA_DIR=_stores["home"],
        DATABASE_URL=_stores["database_url"].replace("/tca?", f"/{name}?"),
        REDIS_URL=f"{_stores['redis_url']}?db={number % 16}",
    )


def _settle(**names: str) -> None:
    os.environ.update(CHEAP | names)
    get_settings.cache_clear()


# Each row on one worker, one after the other; a test belongs to the first row that names it. Tests of `clusters` would
# wait for each other (tests/processes.py), those of `pages` and of `console` share a console, those of `starts` start
# one each; others share a database. The longest come first.
TOGETHER = {
    "clusters": (
        "tests/e2e/test_live_connection.py",
        "tests/e2e/test_typed_text.py",
        "tests/faults/",
        "tests/replicas/",
    ),
    "pages": (
        "tests/e2e/test_accessibility.py",
        "tests/e2e/test_choices.py",
        "tests/e2e/test_dialogs.py",
        "tests/e2e/test_languages.py",
        "tests/e2e/test_palette.py",
    ),
    "starts": (
        "tests/core/stores/test_embedded.py",
        "tests/e2e/test_screens.py",
        "tests/e2e/test_tls.py",
        "tests/server/test_serve.py",
    ),
    "console": ("tests/e2e/",),
    "plans": ("tests/test_list_plans.py",),
    "frozen": ("tests/core/database/test_connection.py",),
    "demo": ("tests/demo/", "tests/features/dashboard/test_figures.py"),
}


def _row(nodeid: str) -> str:
    return next((name for name, paths in TOGETHER.items() if nodeid.startswith(paths)), nodeid)


class _Together(LoadScopeScheduling):
    """By path: with pytest 9.2 the groups of `pytest.mark.xdist_group` are not seen (xdist 3.8 writes them into a name
    that pytest does not read any more)."""

    def _split_scope(self, nodeid: str) -> str:
        return _row(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    config.option.loadscopereorder = False  # else the row with the most tests is first, which may be a short one
    return _Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the rows of `TOGETHER` first. Refuses tests with the same id, of which xdist would silently run one."""
    gc.freeze()
    gc.enable()
    order = {name: number for number, name in enumerate(TOGETHER)}
    items.sort(key=lambda item: order.get(_row(item.nodeid), len(order)))
    ids = Counter(item.nodeid for item in items)
    if double := sorted(one for one, times in ids.items() if times > 1):
        raise pytest.UsageError(f"tests with the same id: {', '.join(double)}")


@pytest.fixture(scope="session")
def _cleaner() -> Iterator[psycopg.Connection]:
    with psycopg.connect(get_settings().database_url.get_secret_value(), autocommit=True) as connection:
        connection.execute("SET lock_timeout = '10s'")
        yield connection


def _next_transaction(connection: psycopg.Connection) -> object:
    """The number that the next transaction that writes will get, in any database of the server."""
    return connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())").fetchone()


@pytest.fixture(autouse=True)
def _empty_tables(_cleaner: psycopg.Connection) -> Iterator[None]:
    """Deletes what a test wrote, before the next one. A third of the tests use no database."""
    before = _next_transaction(_cleaner)
    yield
    instance.keep({})
    if _next_transaction(_cleaner) != before:
        empty_tables(_cleaner)


def empty_tables(connection: psycopg.Connection) -> None:
    # Not TRUNCATE: for a handful of rows it takes fifty times as long, because it rebuilds every index.
    connection.execute("; ".join(f"DELETE FROM {table}" for table in TABLES))
    # The log refuses DELETE, so its triggers are disabled here, in the test's own database.
    log = "DELETE FROM events; DELETE FROM event_erasures; DELETE FROM event_removals"
    connection.execute(f"SET session_replication_role = replica; {log}; RESET session_replication_role")


@pytest.fixture(scope="session", autouse=True)
async def _pools() -> AsyncIterator[None]:
    yield
    await close_db()
    await close_redis()


@pytest.fixture
async def db() -> AsyncIterator[AsyncSession]:
    """One transaction that is rolled back at the end. Other connections do not see what it wrote."""

    class Undo(Exception):
        pass

    with contextlib.suppress(Undo):
        async with transaction() as undone:
            yield undone
            raise Undo


@pytest.fixture(scope="session")
async def _demo_template() -> Demo:
    return await fill_template("tca_demo")


@pytest.fixture
async def demo(_demo_template: Demo) -> AsyncIterator[Demo]:
    """A database of its own with the demo data. Its tests run on one worker, see `TOGETHER`."""
    async with copy_in_use("tca_demo", "tca_demo_copy"):
        yield _demo_template


@pytest.fixture
async def listening() -> AsyncIterator[LocalCache[Any]]:
    """Listens to change notifications, like a serving process; yields the cache of sessions."""
    task = asyncio.create_task(listen())
    await until(lambda: session_cache.is_listening)
    yield session_cache
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not session_cache.is_listening


@pytest.fixture(scope="session")
def edge() -> ASGIApp:
    """The REST side behind the edge that serves it, without pages."""

    async def no_pages(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return Edge(rest_api(), no_pages, get_settings(), "")


@pytest.fixture
async def api(edge: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the REST side; sign in with `tests.factories.bearer`."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def as_a_command(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Restores the folder and the signal handler that a command of the console sets in this process."""
    monkeypatch.chdir(Path.cwd())
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)
