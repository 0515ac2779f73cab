"""The health on other pages: the score of a period, and the components that need attention first."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.cache.shared import SharedCache, cached
from tca_app.core.periods import DayRange
from tca_app.features.health import policy
from tca_app.features.health.history.service import COLUMNS, IN_USE, RECENT, SEEN, check_read, score_trend, viewer
from tca_app.features.health.maintenance.periods import IS_IDLE, ON_NOW
from tca_app.features.health.probing.check_state import CheckTotals
from tca_app.features.health.schemas import CheckRead, ScoreTrend

# Only the probe run each minute and permissions change it, far less often than the rest of a dashboard.
_kept = SharedCache("health_score", depends_on=("health", "project"), ttl_s=60)

_SUMS = {
    "total": "count(*)",
    "failing": f"count(*) FILTER (WHERE checks.state = 'failing' AND NOT {IS_IDLE})",
    "unknown": f"count(*) FILTER (WHERE checks.state = 'unknown' AND NOT {IS_IDLE})",
    "maintenance": f"count(*) FILTER (WHERE {IS_IDLE})",
    "late": f"count(*) FILTER (WHERE NOT {RECENT})",
    "probed_at": "max(checks.last_at)",
}
_FROM_MONITORED = f"{SEEN} AND checks.retired_at IS NULL AND NOT checks.is_paused AND {IN_USE}"
_COUNT = text(f"WITH {ON_NOW} SELECT {', '.join(f'{sql} AS {name}' for name, sql in _SUMS.items())} {_FROM_MONITORED}")
_ORDER = """
    ORDER BY checks.state = 'failing' DESC, checks.last_ok IS FALSE DESC, checks.project_id IS NOT NULL,
      checks.weight DESC, lower(checks.name), checks.id
"""
_FIRST = text(
    f"""
    WITH {ON_NOW}, page AS (
      SELECT checks.*, {", ".join(f"{sql} OVER () AS {name}" for name, sql in _SUMS.items())} {_FROM_MONITORED} {_ORDER}
      LIMIT :most
    )
    SELECT {COLUMNS}, {", ".join(_SUMS)} FROM page AS checks {_ORDER}
    """  # noqa: S608  constant SQL
)


@dataclass(frozen=True, slots=True)
class HealthSummary:
    """Some of the components, with the totals of all in `asked`."""

    as_of: datetime
    checks: list[CheckRead]
    asked: CheckTotals


async def health_summary(session: AsyncSession, actor: Actor, most: int) -> HealthSummary:
    """Returns failing components first, then those with a failed last check, then the console's own; one statement."""
    policy.require_list(actor)
    now = datetime.now(UTC)
    rows = (await session.execute(_FIRST, viewer(actor) | {"now": now, "most": most})).all()
    return HealthSummary(now, [check_read(actor, row) for row in rows], _totals(rows[0]) if rows else CheckTotals())


async def count_monitored(session: AsyncSession, actor: Actor, now: datetime) -> CheckTotals:
    """Returns the totals of all components, however many a page shows."""
    policy.require_list(actor)
    return _totals((await session.execute(_COUNT, viewer(actor) | {"now": now})).one())


def _totals(row: Row[*tuple[Any, ...]]) -> CheckTotals:
    return CheckTotals(**{name: row._mapping[name] for name in _SUMS})


async def kept_score(session: AsyncSession, actor: Actor, days: DayRange) -> ScoreTrend:
    """Returns `score_trend` from the cache. All superusers share one entry; others have their own."""
    policy.require_list(actor)

    async def count() -> dict[str, Any]:
        return (await score_trend(session, actor, days)).model_dump(mode="json")

    key = "superusers" if actor.is_superuser else f"user:{actor.user_id}"
    return ScoreTrend.model_validate(await cached(session, _kept, f"{key}:{days.since}:{days.until}", count))
