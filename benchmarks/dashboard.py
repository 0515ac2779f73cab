"""Measures the dashboard's service calls at 1,000,000 users, 100,000 projects and 5,000,000 deployments.

`python -m benchmarks.dashboard [--users N] [--projects N] [--deployments N] [--explain MS]`. No cache is used.
`--explain` prints the plan of each statement whose median exceeds that many milliseconds. BENCH_DATA_DIR names a folder
that is kept and reused.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import psycopg

BOUND_MS = 150
MAX_STATEMENTS = 8
Call = Callable[[Any], Awaitable[Any]]


class Watch:
    """Records the statements of a call, their durations and their last parameters."""

    def __init__(self, engine: Any) -> None:
        from sqlalchemy import event

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
    from benchmarks.dashboard_seed import VIEWERS
    from tca_app.core.actor import Actor
    from tca_app.features.dashboard import service as dashboard
    from tca_app.features.dashboard.schemas import StatsQuery
    from tca_app.features.deployments import queries
    from tca_app.features.deployments.matrix import queries as matrix
    from tca_app.features.deployments.schemas import DeploymentQuery, MatrixQuery

    viewers = {"superuser": Actor(1, "admin", "Admin", is_superuser=True)}
    viewers |= {name: Actor(user_id, name, name, is_superuser=False) for name, user_id in VIEWERS.items()}
    calls: dict[str, Call] = {}
    for name, actor in viewers.items():
        for days in ("7", "30", "90"):
            calls[f"dashboard, {days} days, {name}"] = lambda session, actor=actor, days=days: dashboard._count(
                session, actor, StatsQuery(days=days)
            )
        calls[f"/deployments, first page, {name}"] = lambda session, actor=actor: queries.list_deployments(
            session, actor, DeploymentQuery(limit=25)
        )
        calls[f"/deployments, ended in 30 days, {name}"] = lambda session, actor=actor: queries.list_deployments(
            session, actor, DeploymentQuery(limit=25, days="30")
        )
        calls[f"what runs where, first page, {name}"] = lambda session, actor=actor: matrix.environment_matrix(
            session, actor, MatrixQuery()
        )
    for most in (1, 200):
        calls[f"roll-up of {most} that ended just now"] = lambda session, most=most: _roll_up(session, most)
    return calls


async def _roll_up(session: Any, most: int) -> None:
    """Refresh the aggregates as the consumer does. They are up to date, so nothing changes."""
    from sqlalchemy import text

    from tca_app.features.deployments.aggregates.daily import refresh_deployments

    newest = text("SELECT id FROM deployments WHERE finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT :most")
    ids = (await session.execute(newest, {"most": most})).scalars().all()
    await refresh_deployments(session, ids)


async def _measure(rounds: int, explain_ms: float, only: str) -> bool:
    """Print the table. Returns True if every call is within the bounds."""
    from tca_app.core.database import session as db
    from tca_app.core.database.session import close_db, transaction

    # A transaction bypasses the caches, so every call counts the rows.
    async with transaction():
        watch = Watch(db._get().writer.sync_engine)
    print("| call | statements | median ms | p95 ms | slowest statement, median ms |\n|---|---|---|---|---|")
    keeps, slow = True, {}
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
            keeps &= _p95(times) <= BOUND_MS and sent <= MAX_STATEMENTS
        slow |= {(name, statement): watch.values[statement] for statement, ms in medians.items() if ms > explain_ms}
    if explain_ms < float("inf"):
        await _explain(slow)
    await close_db()
    verdict = "kept" if keeps else "MISSED"
    print(f"\nBounds of the dashboard, p95 {BOUND_MS} ms and {MAX_STATEMENTS} statements: {verdict}")
    return keeps


async def _explain(slow: dict[tuple[str, str], Any]) -> None:
    from tca_app.core.database.session import transaction

    for (name, statement), values in slow.items():
        async with transaction() as session:
            connection = await session.connection()
            plan = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", values)
            print(f"\n{name}\n{statement}\n" + "\n".join(row[0] for row in plan))


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--projects", type=int, default=100_000)
    parser.add_argument("--deployments", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--only", default="", help="calls whose name has this in it")
    parser.add_argument("--explain", type=float, default=float("inf"), metavar="MS")
    return parser.parse_args()


def _is_seeded(database_url: str) -> bool:
    with psycopg.connect(database_url) as connection:
        return connection.execute("SELECT FROM deployments LIMIT 1").fetchone() is not None


def main() -> None:
    given = _given()
    with tempfile.TemporaryDirectory(prefix="tca-dashboard-") as folder:
        os.environ["DATA_DIR"] = os.environ.get("BENCH_DATA_DIR", folder)
        from benchmarks.dashboard_seed import seed_deployments, seed_past
        from tca_app.consumers.analytics import begin_periods, recount
        from tca_app.core.stores.embedded import configured_stores
        from tca_app.server.bootstrap import run_once
        from tca_app.server.migrate import migrate

        with configured_stores() as urls:
            migrate()
            if not _is_seeded(urls.database_url):
                sizes = {"users": given.users, "projects": given.projects, "deployments": given.deployments}
                seed_deployments(urls.database_url, **sizes)
                started = perf_counter()
                run_once(recount)
                print(f"Rolled up by the recount in {perf_counter() - started:.0f} s\n")
            seed_past(urls.database_url)
            run_once(begin_periods)  # as each hour: the kept data may be of yesterday
            with psycopg.connect(urls.database_url, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE daily_deployments, daily_durations, deployments_since")
            keeps = asyncio.run(_measure(given.rounds, given.explain, given.only))
    raise SystemExit(not keeps)


if __name__ == "__main__":
    main()
