"""What everybody may see of the components that were chosen for it: names, states, 90 days, incidents, public notes."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ARRAY, BigInteger, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.features.health import policy
from tca_app.features.health.history import DAY, points_of
from tca_app.features.health.public_schemas import (
    PublicComponent,
    PublicDay,
    PublicIncident,
    PublicNote,
    PublicRead,
)
from tca_app.features.health.schemas import Point

DAYS = 90
MOST_CHECKS, MOST_INCIDENTS = 100, 20

# A state that was found too long ago is not told as if it were known.
_CHOSEN = text(
    """
    SELECT checks.id, checks.name, last_at, CASE
        WHEN is_paused THEN 'paused'
        WHEN last_at > CAST(:now AS timestamptz) - make_interval(secs => interval_s + 300) THEN state
        ELSE 'unknown'
      END AS state
    FROM health_checks AS checks LEFT JOIN projects ON projects.id = project_id
    WHERE is_public AND retired_at IS NULL AND projects.deleted_at IS NULL
    ORDER BY project_id IS NOT NULL, weight DESC, lower(checks.name), checks.id LIMIT :most
    """
)
_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_INCIDENTS = text(
    """
    SELECT id, check_id, opened_at, closed_at FROM incidents
    WHERE check_id = ANY(:ids) AND (closed_at IS NULL OR closed_at > CAST(:now AS timestamptz) - interval '30 days')
    ORDER BY closed_at IS NULL DESC, id DESC LIMIT :most
    """
).bindparams(_IDS)
_NOTES = text(
    "SELECT incident_id, created_at AS at, note FROM incident_notes "
    "WHERE is_public AND incident_id = ANY(:ids) ORDER BY id"
).bindparams(_IDS)


@dataclass(frozen=True, slots=True)
class PublicStatus:
    """`points` has the days of each of `read.components`, in the same order, to draw them."""

    read: PublicRead
    points: list[list[Point]]


async def read_public(session: AsyncSession) -> PublicStatus:
    """For everybody: there is no actor. Raises NotFound while the public page is switched off."""
    policy.require_public()
    now = datetime.now(UTC)
    rows = (await session.execute(_CHOSEN, {"now": now, "most": MOST_CHECKS})).all()
    names = {row.id: row.name for row in rows}
    days = await points_of(session, list(names), DAY, now - timedelta(days=DAYS))
    points = [days[row.id] for row in rows]
    components = [
        PublicComponent(name=row.name, state=row.state, days=[_day(point) for point in found])
        for row, found in zip(rows, points, strict=True)
    ]
    as_of = max((row.last_at for row in rows if row.last_at), default=None)
    incidents = await _incidents(session, names, now)
    return PublicStatus(PublicRead(as_of=as_of, components=components, incidents=incidents), points)


def _day(point: Point) -> PublicDay:
    return PublicDay(day=point.starts_at.date(), share=round(point.passed / point.count, 4))


async def _incidents(session: AsyncSession, names: dict[int, str], now: datetime) -> list[PublicIncident]:
    rows = (await session.execute(_INCIDENTS, {"ids": list(names), "now": now, "most": MOST_INCIDENTS})).all()
    notes: dict[int, list[PublicNote]] = defaultdict(list)
    for note in await session.execute(_NOTES, {"ids": [row.id for row in rows]}):
        notes[note.incident_id].append(PublicNote(at=note.at, note=note.note))
    return [
        PublicIncident(
            component=names[row.check_id], opened_at=row.opened_at, closed_at=row.closed_at, notes=notes[row.id]
        )
        for row in rows
    ]
