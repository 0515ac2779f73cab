"""Measures what a user feels and prints one table with the bounds: `python -m benchmarks`, or `make bench`."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

from benchmarks import dashboard, events, front_end
from benchmarks.rest import compare
from benchmarks.rest.systems import CASES

# A tenth of the deployments of `benchmarks.dashboard`, so that seeding takes two minutes instead of twenty.
DASHBOARD = {"users": 1_000_000, "projects": 10_000, "deployments": 500_000, "rounds": 20, "only": "dashboard"}


class Row(NamedTuple):
    """A line of the table. The values are in `unit`; a bound is a least or a greatest value."""

    name: str
    unit: str
    ours: float
    limit: float | None = None
    template: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    def is_kept(self) -> bool:
        return (self.at_least is None or self.ours >= self.at_least) and (
            self.at_most is None or self.ours <= self.at_most
        )


def _rest_rows(results: compare.Results) -> list[Row]:
    rows = []
    # A create also writes its event, the jobs of the consumers, the members and three environments.
    for case, name, share in (
        ("create", "create a project", None),
        ("users", "100 users with the total", 0.35),
        ("projects", "100 projects with the total", 0.35),
        ("me", "/users/me", 0.20),
        ("user", "/users/{id}", 0.20),
    ):
        ours, limit, template = (compare.per_second(results, case, system) for system in ("ours", "limit", "template"))
        bound = 1.3 * template if share is None else share * limit
        rows.append(Row(name, "requests/s", ours, limit, template, at_least=bound))
    return rows


def _alone(measure: Callable[..., Any], **options: Any) -> Any:
    """Call it in a process of its own: settings, engines and caches are those of one set of stores."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(measure, **options).result()


def _print(rows: list[Row]) -> None:
    print("\n| what | unit | ours | limit | template | ours/limit | ours/template | bound | |")
    print("|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        others = (row.limit, row.template)
        figures = (f"{value:,.0f}" if value else "" for value in (row.ours, *others))
        ratios = (f"{row.ours / value:.2f}" if value else "" for value in others)
        bound = f">= {row.at_least:,.0f}" if row.at_least is not None else f"<= {row.at_most:,.0f}"
        verdict = "kept" if row.is_kept() else "MISSED"
        print(f"| {row.name} | {row.unit} | {' | '.join(figures)} | {' | '.join(ratios)} | {bound} | {verdict} |")


def main() -> None:
    print("## REST\n")
    rows = _rest_rows(_alone(compare.compare, cases=CASES[1:]))
    print("\n## Events\n")
    figures = _alone(events.measure, with_chains=False)
    rows.append(Row("events through all consumers", "events/s", figures.waiting_per_second, at_least=200))
    rows.append(Row("from commit to effect, idle, median", "ms", figures.idle_median_ms, at_most=100))
    print("\n## Pages\n")
    weight = _alone(front_end.measure)
    rows.append(Row("scripts of /login, compressed", "kB", weight.script_kb, at_most=260))
    rows.append(Row("styles of /login, compressed", "kB", weight.style_kb, at_most=45))
    print("\n## Dashboard\n")
    slowest, _ = _alone(dashboard.measure, **DASHBOARD)
    rows.append(Row("dashboard at a million users, p95", "ms", slowest, at_most=dashboard.BOUND_MS))
    _print(rows)
    raise SystemExit(not all(row.is_kept() for row in rows))


if __name__ == "__main__":
    main()
