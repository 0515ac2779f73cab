"""Reads the public components: names, states and 90 days."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.features.health import policy
from tca_app.features.health.history.service import DAY, IN_USE, RECENT, points_of
from tca_app.features.health.probing.runs import minute_of
from tca_app.features.health.public_page.incidents import (
    IN_PUBLIC_MAINTENANCE,
    list_public_incidents,
    list_public_maintenance,
)
from tca_app.features.health.public_page.schemas import (
    PublicComponent,
    PublicDay,
    PublicRead,
    PublicState,
    PublicTotals,
)
from tca_app.features.health.schemas import Point

DAYS = 90
MAX_CHECKS = 100

_FROM = "FROM health_checks AS checks LEFT JOIN projects ON projects.id = project_id"
_WHERE = "WHERE is_public AND retired_at IS NULL AND projects.deleted_at IS NULL"
# A state that is too old counts as unknown. The totals are over all components, however many are listed.
_STATE = f"""CASE WHEN is_paused THEN 'paused' WHEN checks.id IN ({IN_PUBLIC_MAINTENANCE}) THEN 'maintenance'
    WHEN {RECENT} THEN state ELSE 'unknown' END"""
_CHOSEN = text(
    f"""
    WITH chosen AS (SELECT checks.*, {_STATE} AS shown_state {_FROM} {_WHERE} AND {IN_USE})
    SELECT id, name, shown_state, count(*) OVER () AS components, max(last_at) OVER () AS as_of,
      count(*) FILTER (WHERE shown_state = 'failing') OVER () AS failing,
      count(*) FILTER (WHERE shown_state = 'unknown') OVER () AS unknown,
      count(*) FILTER (WHERE shown_state = 'paused') OVER () AS paused,
      count(*) FILTER (WHERE shown_state = 'maintenance') OVER () AS maintenance
    FROM chosen
    ORDER BY shown_state = 'failing' DESC, project_id IS NOT NULL, weight DESC, lower(name), id LIMIT :most
    """  # noqa: S608
)
# Of components with one name the worst state is last, so that it counts.
_STATES = text(
    f"""
    WITH chosen AS (SELECT checks.name, {_STATE} AS shown_state {_FROM} {_WHERE} AND {IN_USE})
    SELECT name, shown_state FROM chosen
    ORDER BY array_position(ARRAY['paused', 'passing', 'maintenance', 'unknown', 'failing'], shown_state)
    """  # noqa: S608
)


@dataclass(frozen=True, slots=True)
class PublicStatus:
    """The public status at the minute `at`. `points` has the days of each of `read.components`, in the same order.

    `states` has the state of every component by its name, also of those that are not listed.
    """

    at: datetime
    read: PublicRead
    points: list[list[Point]]
    states: dict[str, PublicState]


async def read_public(session: AsyncSession) -> PublicStatus:
    """Reads the public status, without an actor. Raises NotFound while the public page is disabled."""
    policy.require_public()
    now = datetime.now(UTC)
    rows = (await session.execute(_CHOSEN, {"now": now, "most": MAX_CHECKS})).all()
    days = await points_of(session, [row.id for row in rows], DAY, now - timedelta(days=DAYS))
    points = [days[row.id] for row in rows]
    components = [
        PublicComponent(name=row.name, state=row.shown_state, days=[_day(point) for point in found])
        for row, found in zip(rows, points, strict=True)
    ]
    read = PublicRead(
        as_of=rows[0].as_of if rows else None,
        totals=PublicTotals(**{name: getattr(rows[0], name) if rows else 0 for name in PublicTotals.model_fields}),
        components=components,
        incidents=await list_public_incidents(session, now),
        maintenance=await list_public_maintenance(session, now),
    )
    states = {row.name: row.shown_state for row in await session.execute(_STATES, {"now": now})}
    return PublicStatus(minute_of(now), read, points, states)


def _day(point: Point) -> PublicDay:
    return PublicDay(day=point.starts_at.date(), share=round(point.passed / point.count, 4))
