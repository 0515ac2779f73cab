"""Two web replicas and two workers behind nginx, under load and restarted: `python -m benchmarks.cluster`.

Three parts, each with figures for one table: steady load at a fixed rate, 90 % reads; the same load while both replicas
are restarted one after the other, as an upgrade does; and open sessions of the list of users that get live updates.
Everything, the load included, shares the cores of this machine. The exit code is 1 when a request failed.
CLUSTER_RATE=20,40,60 applies one steady load after the other, to find the rate that a machine can take; the restart and
the sessions come after the last one, at its rate.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

import httpx
import redis
import uvloop

from benchmarks.connections import FAILURES, Connections
from benchmarks.console import PASSWORD, ROOT, UNLIMITED, USERNAME, prepare
from benchmarks.live import script, sign_in
from benchmarks.processes import CpuUse, memory_mb
from benchmarks.sessions import Session
from tca_app.core.stores.embedded import configured_stores
from tests.nginx import nginx
from tests.processes import SETTINGS, Web, Worker, eventually, free_port, postgres_pids

ROWS = 1_000
CHANGES = 20
# One round of ten requests: nine read and one writes.
ROUND = ("list", "me", "list", "one", "list", "me", "one", "list", "me", "create")


@dataclass
class Load:
    """What was answered. Times count from when a request was due, so a server that stalls cannot hide it."""

    times_ms: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)

    def percentile(self, share: float) -> float:
        return sorted(self.times_ms)[int(share * (len(self.times_ms) - 1))]

    def summary(self) -> str:
        failed = f"{self.failures.total()} failed"
        causes = (
            f" ({', '.join(f'{count} {cause}' for cause, count in self.failures.items())})" if self.failures else ""
        )
        p50, p95, p99 = (self.percentile(share) for share in (0.5, 0.95, 0.99))
        return f"{len(self.times_ms):,} requests, {failed}{causes} | {p50:.0f} | {p95:.0f} | {p99:.0f} |"


class Caller:
    """Sends the requests of the load through nginx."""

    def __init__(self, connections: Connections, label: str) -> None:
        self._connections, self._label = connections, label

    async def call(self, number: int) -> int:
        kind = ROUND[number % len(ROUND)]
        if kind == "create":
            body = {"name": f"{self._label} {number}"}
            return await self._connections.status_of("POST", "/api/v1/projects", body)
        paths = {"list": "projects?limit=20", "me": "users/me", "one": f"projects/{1 + number % ROWS}"}
        return await self._connections.status_of("GET", f"/api/v1/{paths[kind]}")


async def _apply(caller: Caller, rate: int, is_over: Callable[[float], bool]) -> Load:
    load, begun, number = Load(), time.perf_counter(), 0
    waiting: set[asyncio.Task[None]] = set()

    async def one(number: int, due: float) -> None:
        try:
            status = await caller.call(number)
        except FAILURES as error:
            load.failures[type(error).__name__] += 1
        else:
            if status >= 400:
                load.failures[str(status)] += 1
        load.times_ms.append((time.perf_counter() - due) * 1e3)

    while not is_over(time.perf_counter() - begun):
        due = begun + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(one(number, due))
        waiting.add(task)
        task.add_done_callback(waiting.discard)
        number += 1
    while waiting:
        await asyncio.wait(waiting)
    return load


async def _restart(webs: list[Web]) -> None:
    """One after the other, each time waiting until it is ready, and as long again for the proxy to notice."""
    for web in webs:
        await asyncio.to_thread(web.stop)
        await asyncio.to_thread(web.start)
        await asyncio.sleep(12)  # longer than nginx leaves a replica out after it refused a connection


async def _while(work: Awaitable[None], caller: Caller, rate: int) -> Load:
    task = asyncio.ensure_future(work)
    load = await _apply(caller, rate, lambda _: task.done())
    await task
    return load


async def _sessions(client: httpx.AsyncClient, url: str, webs: list[Web], count: int) -> tuple[str, int]:
    """Open that many sessions and change a user. Returns a line of the table and the number of missing updates."""
    header, person_id = await script(client, url)
    before = sum(memory_mb(web.pid) for web in webs)
    cookies = [await sign_in(client, url) for _ in range(min(count, 30))]
    sessions = [await Session.open(url, cookie, "/users") for cookie in islice(cycle(cookies), count)]
    listening = [asyncio.create_task(session.listen()) for session in sessions]
    await asyncio.gather(*(session.loaded.wait() for session in sessions))
    each_mb = (sum(memory_mb(web.pid) for web in webs) - before) / count
    sent = {}
    for number in range(CHANGES):
        mark = f"mark-{number}."
        sent[mark] = time.time()
        changed = await client.patch(f"/api/v1/users/{person_id}", json={"full_name": mark}, headers=header)
        changed.raise_for_status()
        await asyncio.sleep(2)
    times = Load()
    for session in sessions:
        for mark, at in sent.items():
            with suppress(StopIteration):
                times.times_ms.append((next(when for when, text in session.heard if mark in text) - at) * 1e3)
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    missing = CHANGES * count - len(times.times_ms)
    times.failures.update({"missing": missing} if missing else {})
    figures = f"{CHANGES} changes sent to {count} sessions, {missing} missing, {each_mb:.2f} MB a session"
    p50, p95, p99 = (times.percentile(share) for share in (0.5, 0.95, 0.99))
    return f"{figures} | {p50:.0f} | {p95:.0f} | {p99:.0f} |", missing


async def _measure(url: str, webs: list[Web], cpu: CpuUse, rates: list[int], seconds: int, count: int) -> bool:
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        token = await client.post("/api/auth/login", json={"username": USERNAME, "password": PASSWORD})
        header = {"Authorization": f"Bearer {token.raise_for_status().json()['access_token']}"}
        connections = Connections(url, header)
        failed = 0
        for rate in rates:
            cpu.per(1)
            steady = await _apply(Caller(connections, f"Steady {rate}"), rate, lambda passed: passed > seconds)
            failed += steady.failures.total()
            print(f"| {rate} requests/s for {seconds} s | {steady.summary()}", flush=True)
            print(f"| ms of CPU for a request | {cpu.per(len(steady.times_ms))} | | | |", flush=True)
        rolling = await _while(_restart(webs), Caller(connections, "Rolling"), rate)
        connections.close()
        print(f"| {rate} requests/s, both replicas restarted | {rolling.summary()}", flush=True)
        line, missing = await _sessions(client, url, webs, count)
        print(f"| {count} open sessions | {line}", flush=True)
    return not (failed or rolling.failures or missing)


def _groups(webs: list[Web], workers: list[Worker], proxy: Path, folder: Path, redis_url: str) -> dict[str, list[int]]:
    pid_file = proxy / "nginx.pid"
    eventually(lambda: pid_file.exists() and pid_file.read_text().strip(), "nginx writes its process id", 10)
    with redis.Redis.from_url(redis_url) as client:
        redis_pid = client.info("server")["process_id"]
    return {
        "web": [web.pid for web in webs],
        "workers": [worker.pid for worker in workers],
        "PostgreSQL": postgres_pids(folder)[:1],
        "Redis": [redis_pid],
        "nginx": [int(pid_file.read_text())],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("CLUSTER_RATE", "150")
    parser.add_argument("--rates", default=default, help="requests per second, one after the other (CLUSTER_RATE)")
    parser.add_argument("--seconds", type=int, default=120, help="of the steady load")
    parser.add_argument("--sessions", type=int, default=300)
    arguments = parser.parse_args()
    port, ports = free_port(), [str(free_port()), str(free_port())]
    url = f"http://localhost:{port}"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tca-cluster-")))
        prepare(folder, ROWS)
        stores = stack.enter_context(configured_stores())
        settings = {name: SETTINGS[name] for name in ("SECRET_KEY", "JWT_SECRET_KEY", "LOG_FORMAT")} | UNLIMITED
        settings |= {"DATABASE_URL": stores.database_url, "REDIS_URL": stores.redis_url, "DATA_DIR": str(folder)}
        settings |= {"PUBLIC_URL": url, "TRUSTED_PROXY_HOPS": "1", "LOG_LEVEL": "WARNING"}
        settings |= {"DATABASE_POOL_SIZE": "8", "DATABASE_MAX_OVERFLOW": "8"}
        webs = [Web("web", f"web{own}", folder, settings | {"PORT": own}) for own in ports]
        workers = [Worker("worker", f"worker{number}", folder, settings) for number in range(2)]
        for process in (*webs, *workers):
            stack.callback(process.stop)
            process.start()
        proxy = stack.enter_context(nginx(port, ports))
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
        print(f"{datetime.now(UTC):%Y-%m-%d}, commit {commit.stdout.strip() or 'unknown'}, {os.cpu_count()} cores\n")
        print("| what | result | p50 ms | p95 ms | p99 ms |\n|---|---|---|---|---|")
        cpu = CpuUse(_groups(webs, workers, proxy, folder, stores.redis_url))
        rates = [int(rate) for rate in arguments.rates.split(",")]
        is_good = uvloop.run(_measure(url, webs, cpu, rates, arguments.seconds, arguments.sessions))
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
