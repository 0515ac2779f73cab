"""Reads the public components: names, states, 90 days, incidents and public notes."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import ARRAY, BigInteger, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.features.health import policy
from tca_app.features.health.history.service import DAY, IN_USE, RECENT, points_of
from tca_app.features.health.probing.runs import minute_of
from tca_app.features.health.public_page.schemas import (
    PublicComponent,
    PublicDay,
    PublicIncident,
    PublicNote,
    PublicRead,
    PublicState,
    PublicTotals,
)
from tca_app.features.health.schemas import Point

DAYS = 90
MAX_CHECKS, MAX_INCIDENTS = 100, 20

_FROM = "FROM health_checks AS checks LEFT JOIN projects ON projects.id = project_id"
_WHERE = "WHERE is_public AND retired_at IS NULL AND projects.deleted_at IS NULL"
# A state that is too old counts as unknown. The totals are over all components, however many are listed.
_STATE = f"CASE WHEN is_paused THEN 'paused' WHEN {RECENT} THEN state ELSE 'unknown' END"
_CHOSEN = text(
    f"""
    WITH chosen AS (SELECT checks.*, {_STATE} AS told {_FROM} {_WHERE} AND {IN_USE})
    SELECT id, name, told, count(*) OVER () AS components, max(last_at) OVER () AS as_of,
      count(*) FILTER (WHERE told = 'failing') OVER () AS failing,
      count(*) FILTER (WHERE told = 'unknown') OVER () AS unknown,
      count(*) FILTER (WHERE told = 'paused') OVER () AS paused
    FROM chosen
    ORDER BY told = 'failing' DESC, project_id IS NOT NULL, weight DESC, lower(name), id LIMIT :most
    """  # noqa: S608
)
# Of components with one name the worst state is last, so that it counts.
_STATES = text(
    f"""
    WITH chosen AS (SELECT checks.name, {_STATE} AS told {_FROM} {_WHERE} AND {IN_USE})
    SELECT name, told FROM chosen ORDER BY array_position(ARRAY['paused', 'passing', 'unknown', 'failing'], told)
    """  # noqa: S608
)
_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_INCIDENTS = text(
    f"""
    SELECT incidents.id, incidents.created_at, checks.name AS component, opened_at, closed_at
    {_FROM} JOIN incidents ON check_id = checks.id
    {_WHERE} AND (closed_at IS NULL OR closed_at > CAST(:now AS timestamptz) - interval '30 days')
    ORDER BY closed_at IS NULL DESC, incidents.id DESC LIMIT :most
    """
)
_NOTES = text(
    "SELECT incident_id, created_at AS at, note FROM incident_notes "
    "WHERE is_public AND incident_id = ANY(:ids) ORDER BY id"
).bindparams(_IDS)


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
        PublicComponent(name=row.name, state=row.told, days=[_day(point) for point in found])
        for row, found in zip(rows, points, strict=True)
    ]
    read = PublicRead(
        as_of=rows[0].as_of if rows else None,
        totals=PublicTotals(**{name: getattr(rows[0], name) if rows else 0 for name in PublicTotals.model_fields}),
        components=components,
        incidents=await _incidents(session, now),
    )
    states = {row.name: row.told for row in await session.execute(_STATES, {"now": now})}
    return PublicStatus(minute_of(now), read, points, states)


def _day(point: Point) -> PublicDay:
    return PublicDay(day=point.starts_at.date(), share=round(point.passed / point.count, 4))


async def _incidents(session: AsyncSession, now: datetime) -> list[PublicIncident]:
    rows = (await session.execute(_INCIDENTS, {"now": now, "most": MAX_INCIDENTS})).all()
    notes: dict[int, list[PublicNote]] = defaultdict(list)
    for note in await session.execute(_NOTES, {"ids": [row.id for row in rows]}):
        notes[note.incident_id].append(PublicNote(at=note.at, note=note.note))
    return [
        PublicIncident(
            key=_key(row.id, row.created_at),
            component=row.component,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
            notes=notes[row.id],
        )
        for row in rows
    ]


def _key(incident_id: int, created_at: datetime) -> str:
    """Returns a name that stays, and from which nobody learns the id: the time is not public to the microsecond."""
    return str(uuid5(NAMESPACE_OID, f"incident {incident_id} {created_at.astimezone(UTC).isoformat()}"))
