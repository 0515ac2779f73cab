"""Measures the event log and its consumers: `python -m benchmarks.events [--events 5000]`.

It answers three questions: whether writers contend for the hash chain, how many events per second pass all consumers
with one worker, and the delay from commit to effect when idle. It uses separate stores and a separate worker process.
"""

import argparse
import asyncio
import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

import psycopg

from benchmarks.console import ROOT, stores
from tca_app.core.database.session import close_db, lock, transaction
from tca_app.core.events.log import emit
from tca_app.features.projects.events import ProjectUpdated
from tca_app.server.migrate import migrate

WRITERS, WRITES = 8, 150
EVENTS = 5_000
IDLE_EVENTS = 100


async def _write(subject: int, lock_name: str = "") -> None:
    """Write one event in a transaction, as an entry point does, about a project that does not exist."""
    async with transaction() as session:
        if lock_name:
            await lock(session, lock_name)
        about = {"subject_id": subject, "subject_name": f"Project {subject}", "project_id": subject}
        await emit(session, None, ProjectUpdated(**about, before={"name": "Old"}, after={"name": "New"}))


async def _writers(write: Callable[[int, int], Awaitable[None]]) -> float:
    """Return the events per second of `WRITERS` concurrent writers."""

    async def one(writer: int) -> None:
        for number in range(WRITES):
            await write(writer, number)

    started = perf_counter()
    await asyncio.gather(*(one(writer) for writer in range(WRITERS)))
    return WRITERS * WRITES / (perf_counter() - started)


async def _chains() -> None:
    cases: dict[str, Callable[[int, int], Awaitable[None]]] = {
        "a chain for each subject (ours), every writer another subject": lambda writer, n: _write(writer * 10_000 + n),
        "the same, all writers about one subject": lambda _writer, _n: _write(7),
        "one chain for all, as a lock on its end makes it": lambda writer, n: _write(writer * 10_000 + n, "the end"),
    }
    await _writers(cases["the same, all writers about one subject"])  # warm
    print(f"| {WRITERS} writers at once | events/s (three rounds) | ratio |\n|---|---|---|")
    rates: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(3):
        for name, write in cases.items():
            rates[name].append(await _writers(write))
    first = statistics.median(next(iter(rates.values())))
    for name, found in rates.items():
        shown = ", ".join(f"{rate:.0f}" for rate in found)
        print(f"| {name} | {shown} | {statistics.median(found) / first:.2f} |")


@dataclass(frozen=True)
class Figures:
    """What is measured, in events per second and milliseconds."""

    waiting_per_second: float
    idle_median_ms: float
    idle_p95_ms: float


@contextmanager
def _worker() -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tca_app", "worker"], cwd=ROOT, env={**os.environ, "LOG_LEVEL": "ERROR"}
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait_for_effects(connection: psycopg.Connection, wanted: int) -> float:
    """Return the time at which every consumer has handled every event."""
    while True:
        row = connection.execute("SELECT count(*) FROM event_effects").fetchone()
        if row and row[0] >= wanted:
            return perf_counter()


async def _throughput(connection: psycopg.Connection, count: int, consumers: int) -> float:
    before = _effects(connection)
    for number in range(count):
        await _write(number)
    started = perf_counter()
    with _worker():
        ended = await asyncio.to_thread(_wait_for_effects, connection, before + count * consumers)
        took = ended - started
        print(f"\n{count:,} events wait, {consumers} consumers, one worker with its start: {count / took:.0f} events/s")
        before = _effects(connection)
        started = perf_counter()
        await asyncio.gather(*(_write(number) for number in range(count // 10)))
        ended = await asyncio.to_thread(_wait_for_effects, connection, before + count // 10 * consumers)
        print(f"{count // 10:,} events as they come: {count / 10 / (ended - started):.0f} events/s, writing included")
    return count / took


def _effects(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM event_effects").fetchone()
    return row[0] if row else 0


async def _delay(connection: psycopg.Connection, consumers: int) -> tuple[float, float]:
    times = []
    with _worker():
        for number in range(IDLE_EVENTS + 5):
            before = _effects(connection)
            await _write(number)
            started = perf_counter()
            ended = await asyncio.to_thread(_wait_for_effects, connection, before + consumers)
            times.append((ended - started) * 1e3)
    times = sorted(times[5:])  # the first ones wait for the worker's start
    median, p95 = statistics.median(times), times[int(0.95 * len(times))]
    print(f"\nidle, from the commit to the effect of the last consumer: median {median:.1f} ms, p95 {p95:.1f} ms")
    return median, p95


async def _measure(database_url: str, count: int, *, with_chains: bool) -> Figures:
    consumers = len(ProjectUpdated.consumers)
    with psycopg.connect(database_url, autocommit=True) as connection:
        if with_chains:
            await _chains()
        connection.execute("DELETE FROM procrastinate_jobs")
        # An inactive webhook, so that the webhooks consumer runs without the cost of deliveries.
        connection.execute("INSERT INTO webhooks (url, secret, is_active) VALUES ('https://hooks.invalid', '', false)")
        rate = await _throughput(connection, count, consumers)
        figures = Figures(rate, *await _delay(connection, consumers))
    await close_db()
    return figures


def measure(count: int = EVENTS, *, with_chains: bool = True) -> Figures:
    """Print the figures, and return those of the consumers."""
    with stores("tca-events-", durable=True) as database_url:
        migrate()
        return asyncio.run(_measure(database_url, count, with_chains=with_chains))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    measure(parser.parse_args().events)


if __name__ == "__main__":
    main()
