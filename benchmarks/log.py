"""Measures a growing deployment log with watchers: `python -m benchmarks.log [--watchers 50] [--seconds 20]`.

It appends 500 lines per second to one deployment over REST, in ten batches, first without watchers and then with that
many open sessions. Each session works like the browser: it gets the number of lines over its websocket and reads the
missing ones over REST.
"""

import argparse
import asyncio
import re
import statistics
import time
from contextlib import suppress

import httpx

from benchmarks.console import console
from benchmarks.live import script, sign_in
from benchmarks.processes import cpu_s
from benchmarks.sessions import Session

BATCHES_S, BATCH = 10, 50
LATE_S = 30  # how long after the last line a watcher may still be behind
COUNT = re.compile(r'"log_lines(?:_rx_state_)?":(\d+)')


class Watcher:
    """One open page. `heard` and `read` record when a number of lines was announced, and when it was read."""

    def __init__(self, session: Session, client: httpx.AsyncClient, url: str, total: int) -> None:
        self.session, self._client, self._url = session, client, url
        self.heard: list[tuple[float, int]] = []
        self.read: list[tuple[float, int]] = []
        self.lines: list[int] = []
        self._total = total
        self.is_complete = asyncio.Event()

    async def follow(self) -> None:
        seen = 0
        while True:
            await self.session.news.wait()
            self.session.news.clear()
            for at, text in self.session.heard[seen:]:
                self.heard += [(at, int(count)) for count in COUNT.findall(text)]
            seen = len(self.session.heard)
            while self.heard and len(self.lines) < self.heard[-1][1]:
                await self._read()

    async def _read(self) -> None:
        answer = await self._client.get(self._url, params={"after": len(self.lines), "limit": 1000})
        answer.raise_for_status()
        self.lines += [line["seq"] for line in answer.json()]
        self.read.append((time.time(), len(self.lines)))
        if len(self.lines) >= self._total:
            self.is_complete.set()


class Run:
    """The result of one case: when each batch was sent, its response time, and the share of a core."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, int]] = []
        self.answers: list[float] = []
        self.share = 0.0

    async def append(self, client: httpx.AsyncClient, url: str, seconds: int) -> None:
        start = time.time()
        for number in range(seconds * BATCHES_S):
            await asyncio.sleep(max(0.0, start + number / BATCHES_S - time.time()))
            first = number * BATCH + 1
            lines = [f"\x1b[32mstep {first + offset}\x1b[0m of the build, done in 0.3 s" for offset in range(BATCH)]
            at = time.time()
            (await client.post(url, json={"first_seq": first, "lines": lines})).raise_for_status()
            self.answers.append(time.time() - at)
            self.sent.append((at, first + BATCH - 1))

    def delays(self, found: list[tuple[float, int]]) -> list[float]:
        """Return the delay from the request of each batch until all its lines were announced or read."""
        delays, place = [], 0
        for at, last in self.sent:
            while place < len(found) and found[place][1] < last:
                place += 1
            if place < len(found):
                delays.append(found[place][0] - at)
        return delays


async def create_deployment(client: httpx.AsyncClient, name: str) -> int:
    project = (await client.post("/api/v1/projects", json={"name": name})).json()["id"]
    new = {"environment": "production", "version": "1.4.2"}
    made = (await client.post(f"/api/v1/projects/{project}/deployments", json=new)).json()["id"]
    (await client.patch(f"/api/v1/deployments/{made}", json={"status": "in_progress"})).raise_for_status()
    return made


async def _case(client: httpx.AsyncClient, base: str, cookie: str, pid: int, count: int, seconds: int) -> None:
    deployment_id = await create_deployment(client, f"Watched by {count}")
    total = seconds * BATCHES_S * BATCH
    url, run = f"/api/v1/deployments/{deployment_id}/logs", Run()
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=base, headers={"Cookie": cookie}, limits=limits) as reader:
        path = f"/deployments/{deployment_id}"
        sessions = [await Session.open(base, cookie, path, "log_lines") for _ in range(count)]
        watchers = [Watcher(session, reader, url, total) for session in sessions]
        tasks = [asyncio.create_task(session.listen()) for session in sessions]
        await asyncio.gather(*(session.loaded.wait() for session in sessions))
        tasks += [asyncio.create_task(watcher.follow()) for watcher in watchers]
        busy, started = cpu_s(pid), time.time()
        await run.append(client, url, seconds)
        run.share = (cpu_s(pid) - busy) / (time.time() - started)
        with suppress(TimeoutError):
            async with asyncio.timeout(LATE_S):
                await asyncio.gather(*(watcher.is_complete.wait() for watcher in watchers))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for session in sessions:
            await session.close()
    _print(run, watchers, total)


def _print(run: Run, watchers: list[Watcher], total: int) -> None:
    complete = sum(watcher.lines == list(range(1, total + 1)) for watcher in watchers)
    heard = [delay for watcher in watchers for delay in run.delays(watcher.heard)]
    read = [delay for watcher in watchers for delay in run.delays(watcher.read)]
    columns = (_times(run.answers), f"{run.share * 100:.0f} %", _times(heard), _times(read))
    arrived = f"{complete} of {len(watchers)}, {total:,} lines" if watchers else ""
    print(f"| {len(watchers)} | {' | '.join(columns)} | {arrived} |", flush=True)


def _times(seconds: list[float]) -> str:
    ordered = sorted(value * 1e3 for value in seconds)
    return f"{statistics.median(ordered):.0f} / {ordered[int(0.95 * len(ordered))]:.0f}" if ordered else ""


async def _measure(base: str, pid: int, watchers: int, seconds: int) -> None:
    async with httpx.AsyncClient(base_url=base, timeout=30) as client:
        cookie, (header, _) = await sign_in(client, base), await script(client, base)
        client.headers.update(header)
        for count in (0, watchers):
            await _case(client, base, cookie, pid, count, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watchers", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=20)
    arguments = parser.parse_args()
    with console(rows=0, LOG_LEVEL="ERROR") as served:
        print(f"{BATCHES_S * BATCH} lines a second for {arguments.seconds} s; milliseconds are p50 / p95\n")
        print("| watchers | answer to a batch | process, share of a core | frame | lines read | complete |")
        print("|---|---|---|---|---|---|")
        asyncio.run(_measure(served.url, served.pid, arguments.watchers, arguments.seconds))


if __name__ == "__main__":
    main()
