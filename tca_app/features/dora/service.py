"""The DORA metrics over the deployments that the actor may see, by week and by project or group.

They are sums of the daily aggregates, which define bad deployments, lead times and outages. Results are cached for two
seconds.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.cache.local import LocalCache
from tca_app.core.database.session import cached_read
from tca_app.core.facets import Facets
from tca_app.features.dora import levels
from tca_app.features.dora.queries import SumRow, count_finished, read_medians, read_names, read_sums
from tca_app.features.dora.schemas import DoraLevels, DoraPeriod, DoraQuery, DoraRead, DoraTotal, DoraUnit
from tca_app.features.environments.tiers import Tier
from tca_app.features.projects import policy
from tca_app.features.projects.queries import get_project

MAX_UNITS = 1_000
Scope = tuple[str, int, int]  # what a row is of, the id of the unit, and the week or period
_COUNTS = ("succeeded", "finished", "bad", "projects", "with_commit_time", "restored")
_cache: LocalCache[DoraRead] = LocalCache(200, drop_on_write=True)


async def read_dora(session: AsyncSession, actor: Actor, query: DoraQuery) -> DoraRead:
    """Returns the metrics. Raises NotFound for one project that the actor may not see; of several it is left out."""
    policy.require(actor, "deployments.list")
    if len(query.project_id) == 1:
        await get_project(session, actor, query.project_id[0])
    key = f"{actor.user_id} {actor.is_superuser} {query.model_dump_json()}"
    return await cached_read(session, _cache, key, ("stats", "projects"), lambda: _read(session, actor, query))


async def count_values(session: AsyncSession, actor: Actor, query: DoraQuery, key: str, search: str) -> Facets:
    """Returns the values of a filter, with their finished deployments under the other filters."""
    policy.require(actor, "deployments.list")
    field = key if key in ("tier", "environment") else f"{key}_id"
    others = query.model_copy(update={field: []})
    if key == "tier":
        others = others.model_copy(update={"tier": list(get_args(Tier))})
    return await count_finished(session, actor, others, key, search, _last_day(query))


async def names_of(session: AsyncSession, actor: Actor, key: str, ids: list[int]) -> dict[str, str]:
    """Returns the names of the projects or groups that a filter names, by id."""
    policy.require(actor, "deployments.list")
    return await read_names(session, actor, key, ids)


def _today() -> date:
    return datetime.now(UTC).date()


def _last_day(query: DoraQuery) -> date:
    return min(query.until or date.max, _today())


async def _read(session: AsyncSession, actor: Actor, query: DoraQuery) -> DoraRead:
    last_day, weeks = _last_day(query), query.weeks
    medians: dict[Scope, dict[str, float]] = defaultdict(dict)
    for row in await read_medians(session, actor, query, last_day):
        medians[row.scope, row.unit_id, row.part][row.kind] = float(row.seconds)
    rows = {(row.scope, row.unit_id, row.part): row for row in await read_sums(session, actor, query, last_day)}

    def period(scope: Scope, first: date, days: int) -> dict[str, Any]:
        last = first + timedelta(days=days - 1)
        return _figures(rows.get(scope), medians[scope], days) | {"since": first, "until": last}

    def total(part: int) -> DoraTotal:
        figures = period(("total", 0, part), last_day - timedelta(days=7 * weeks * (part + 1) - 1), 7 * weeks)
        return DoraTotal(**figures, levels=_levels(figures))

    trend = [period(("week", 0, ago), last_day - timedelta(days=7 * ago + 6), 7) for ago in reversed(range(weeks))]
    units = [_unit(row, medians[scope], 7 * weeks) for scope, row in rows.items() if scope[0] == "unit"]
    units = sorted((unit for unit in units if unit.finished), key=lambda unit: (-unit.finished, unit.name, unit.id))
    return DoraRead(
        weeks=weeks,
        tiers=list(query.tiers),
        by=query.by,
        total=total(0),
        before=total(1),
        trend=[DoraPeriod(**figures) for figures in trend],
        units=units[:MAX_UNITS],
    )


def _unit(row: SumRow, medians: dict[str, float], days: int) -> DoraUnit:
    figures = _figures(row, medians, days)
    who = {"id": row.unit_id, "name": row.name, "slug": row.slug, "color": row.color, "emoji": row.emoji}
    return DoraUnit(**figures, **who, levels=_levels(figures))


def _figures(row: SumRow | None, medians: dict[str, float], days: int) -> dict[str, Any]:
    """Returns the fields of DoraFigures. `row` is None where nothing ended."""
    sums = {name: getattr(row, name) if row else 0 for name in _COUNTS}
    return sums | {
        "deployments_per_day": sums["succeeded"] / days,
        "change_failure_rate": sums["bad"] / sums["finished"] if sums["finished"] else None,
        "lead_time_s": medians.get("lead"),
        "time_to_restore_s": medians.get("restore"),
    }


def _levels(figures: dict[str, Any]) -> DoraLevels:
    per_project = levels.per_project(figures["deployments_per_day"], figures["projects"])
    return DoraLevels(
        deployment_frequency=levels.frequency_level(per_project),
        lead_time=levels.lead_time_level(figures["lead_time_s"]),
        change_failure_rate=levels.failure_rate_level(figures["change_failure_rate"]),
        time_to_restore=levels.restore_level(figures["time_to_restore_s"]),
    )
