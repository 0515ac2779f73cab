"""Measures the service's search and list calls at a million users: `python -m benchmarks.search [USERS]`."""

import asyncio
import statistics
import sys
from time import perf_counter

import psycopg

from benchmarks.console import stores
from benchmarks.seed import seed
from tca_app.core.actor import Actor
from tca_app.core.database.session import close_db, reading
from tca_app.features.users import service
from tca_app.features.users.schemas import UserQuery
from tca_app.server.migrate import migrate

ROUNDS = 12
BOUND_MS = 150
TERMS = (
    "ana",
    "ANA LOPEZ",
    "lopez4242",
    "é",
    "qz",
    "zhang777@",
    "example.com",
    "kowal",
    "nobody-here",
    "ineš",
    "9999",
    "%_",
)


async def _measure(count: int) -> None:
    actor = Actor(1, "admin", "Admin", is_superuser=True)
    calls = {f"search {term!r}": UserQuery(search=term, limit=25) for term in TERMS}
    calls |= {
        "list, newest 25 with exact total": UserQuery(limit=25),
        "list, by username": UserQuery(limit=25, sort="username"),
        "list, active only": UserQuery(limit=25, is_active=True),
        "list, page 4,000": UserQuery(limit=25, skip=100_000),
    }
    print(f"| call, {count:,} users | total | median ms | p95 ms |\n|---|---|---|---|")
    searched: list[float] = []
    for name, query in calls.items():
        times = []
        for _ in range(ROUNDS):
            started = perf_counter()
            async with reading() as session:
                page = await service.list_users(session, actor, query)
            times.append((perf_counter() - started) * 1e3)
        p95 = sorted(times)[int(0.95 * len(times))]
        searched += times if query.search else []
        shown = f"{page.total:,}{'+' if page.capped else ''}"
        print(f"| {name} | {shown} | {statistics.median(times):.1f} | {p95:.1f} |")
    overall = sorted(searched)[int(0.95 * len(searched))]
    print(f"\nAll searches together: p95 {overall:.0f} ms (bound {BOUND_MS} ms)")
    await close_db()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with stores("tca-search-") as database_url:
        migrate()
        with psycopg.connect(database_url) as connection:
            is_seeded = connection.execute("SELECT FROM users LIMIT 1").fetchone() is not None
        if not is_seeded:
            seed(database_url, users=count, projects=0)
        asyncio.run(_measure(count))


if __name__ == "__main__":
    main()
