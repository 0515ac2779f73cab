"""Measures the dashboard's service calls at 1,000,000 users, 100,000 projects and 5,000,000 deployments.

`python -m benchmarks.dashboard [--users N] [--projects N] [--deployments N] [--only TEXT] [--explain MS]`. No cache is
used. `--explain` prints the plan of each statement whose median exceeds that many milliseconds. BENCH_DATA_DIR names a
folder that is kept and reused.
"""

import argparse
import asyncio
import statistics
from collections import defaultdict
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import psycopg
from sqlalchemy import event, text

from benchmarks.console import stores
from benchmarks.dashboard_seed import VIEWERS, seed_deployments, seed_past
from tca_app.consumers.analytics import begin_periods, recount
from tca_app.core.actor import Actor
from tca_app.core.database import session as db
from tca_app.core.database.session import close_db, transaction
from tca_app.features.dashboard import service as dashboard
from tca_app.features.dashboard.schemas import StatsQuery
from tca_app.features.deployments.aggregates.daily import refresh_deployments
from tca_app.features.deployments.listing.queries import list_deployments
from tca_app.features.deployments.listing.schemas import DeploymentQuery
from tca_app.features.deployments.matrix import queries as matrix
from tca_app.features.deployments.matrix.schemas import MatrixQuery
from tca_app.server.bootstrap import run_once
from tca_app.server.migrate import migrate

BOUND_MS = 250
MAX_STATEMENTS = 8
USERS, PROJECTS, DEPLOYMENTS = 1_000_000, 100_000, 5_000_000
Call = Callable[[Any], Awaitable[Any]]


class Watch:
    """Records the statements of a call, their durations and their last parameters."""

    def __init__(self, engine: Any) -> None:
        self.times: dict[str, list[float]] = defaultdict(list)
        self.values: dict[str, Any] = {}
        event.listen(engine, "before_cursor_execute", self._begin)
        event.listen(engine, "after_cursor_execute", self._end)

    def _begin(self, _connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        self.values[statement] = values
        self._started = perf_counter()

    def _end(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.times[statement].append((perf_counter() - self._started) * 1e3)

    def clear(self) -> None:
        self.times.clear()


def _p95(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(0.95 * len(times)))]


def _calls() -> dict[str, Call]:
    """Return the measured calls by their name in the table."""
    viewers = {"superuser": Actor(1, "admin", "Admin", is_superuser=True)}
    viewers |= {name: Actor(user_id, name, name, is_superuser=False) for name, user_id in VIEWERS.items()}
    calls: dict[str, Call] = {}
    for name, actor in viewers.items():
        for days in ("7", "30", "90"):
            calls[f"dashboard, {days} days, {name}"] = _call(dashboard._count, actor, StatsQuery(days=days))
        for title, query in (
            ("first page", DeploymentQuery(limit=25)),
            ("ended in 30 days", DeploymentQuery(limit=25, days="30")),
        ):
            calls[f"/deployments, {title}, {name}"] = _call(list_deployments, actor, query)
        calls[f"environments, first page, {name}"] = _call(matrix.environment_matrix, actor, MatrixQuery())
    for most in (1, 200):
        calls[f"refresh of the aggregates of {most}, ended just now"] = _call(_refresh, most)
    return calls


def _call(function: Callable[..., Awaitable[Any]], *values: Any) -> Call:
    return lambda session: function(session, *values)


async def _refresh(session: Any, most: int) -> None:
    """Refresh the aggregates as the consumer does. They are up to date, so nothing changes."""
    newest = text("SELECT id FROM deployments WHERE finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT :most")
    ids = (await session.execute(newest, {"most": most})).scalars().all()
    await refresh_deployments(session, ids)


async def _measure(rounds: int, explain_ms: float, only: str) -> tuple[float, int]:
    """Print the table. Returns the longest p95 of the dashboard in milliseconds and its most statements."""
    # A transaction bypasses the caches, so every call counts the rows.
    async with transaction():
        watch = Watch(db._get().writer.sync_engine)
    print("| call | statements | median ms | p95 ms | slowest statement, median ms |\n|---|---|---|---|---|")
    slowest, most = 0.0, 0
    slow: dict[tuple[str, str], Any] = {}
    for name, call in _calls().items():
        if only not in name:
            continue
        watch.clear()
        times = []
        for _ in range(rounds + 1):
            async with transaction() as session:
                started = perf_counter()
                await call(session)
                times.append((perf_counter() - started) * 1e3)
        del times[0]  # warm-up
        medians = {statement: statistics.median(took) for statement, took in watch.times.items()}
        sent = sum(len(took) for took in watch.times.values()) // (rounds + 1)
        print(f"| {name} | {sent} | {statistics.median(times):.1f} | {_p95(times):.1f} | {max(medians.values()):.1f} |")
        if name.startswith("dashboard"):
            slowest, most = max(slowest, _p95(times)), max(most, sent)
        slow |= {(name, statement): watch.values[statement] for statement, ms in medians.items() if ms > explain_ms}
    if explain_ms < float("inf"):
        await _explain(slow)
    await close_db()
    return slowest, most


async def _explain(slow: dict[tuple[str, str], Any]) -> None:
    for (name, statement), values in slow.items():
        async with transaction() as session:
            connection = await session.connection()
            plan = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", values)
            print(f"\n{name}\n{statement}\n" + "\n".join(row[0] for row in plan))


def measure(
    users: int = USERS,
    projects: int = PROJECTS,
    deployments: int = DEPLOYMENTS,
    rounds: int = 40,
    only: str = "",
    explain_ms: float = float("inf"),
) -> tuple[float, int]:
    """Seed the rows, unless they are there, and print the table. Returns what `_measure` returns."""
    with stores("tca-dashboard-") as database_url, psycopg.connect(database_url, autocommit=True) as connection:
        migrate()
        if connection.execute("SELECT FROM deployments LIMIT 1").fetchone() is None:
            started = perf_counter()
            seed_deployments(database_url, users=users, projects=projects, deployments=deployments)
            seeded = perf_counter()
            run_once(recount)
            print(f"Seeded in {seeded - started:.0f} s, recounted in {perf_counter() - seeded:.0f} s\n")
        seed_past(database_url)
        run_once(begin_periods)  # as each hour: the kept data may be of yesterday
        connection.execute("VACUUM ANALYZE daily_deployments, daily_durations, deployments_since")
        return asyncio.run(_measure(rounds, explain_ms, only))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--projects", type=int, default=PROJECTS)
    parser.add_argument("--deployments", type=int, default=DEPLOYMENTS)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--only", default="", help="calls whose name has this in it")
    parser.add_argument("--explain", type=float, default=float("inf"), metavar="MS", dest="explain_ms")
    slowest, most = measure(**vars(parser.parse_args()))
    print(f"\nThe dashboard: p95 {slowest:.0f} ms (bound {BOUND_MS}), {most} statements (bound {MAX_STATEMENTS})")
    raise SystemExit(slowest > BOUND_MS or most > MAX_STATEMENTS)


if __name__ == "__main__":
    main()
