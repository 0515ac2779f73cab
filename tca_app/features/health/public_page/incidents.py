"""Reads the incidents and the maintenance of the public page, with public notes and the names of public components."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import ARRAY, BigInteger, TextClause, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.features.health.public_page.schemas import PublicIncident, PublicMaintenance, PublicNote

MAX_ROWS = 20
IN_PUBLIC_MAINTENANCE = """SELECT check_id FROM maintenance_checks JOIN maintenance_windows AS public_windows
      ON public_windows.id = window_id
      WHERE public_windows.is_public AND cancelled_at IS NULL AND starts_at <= :now AND ends_at > :now"""
"""The checks in maintenance that is announced on the page, at the time `now`."""
# One that a check opened is public with its check, one that a person opened by their choice.
_INCIDENTS = text(
    """
    SELECT incidents.id, incidents.created_at, incidents.severity, opened_at, closed_at,
      coalesce(checks.name, '') AS component, incidents.title
    FROM incidents LEFT JOIN health_checks AS checks ON checks.id = incidents.check_id
      LEFT JOIN projects ON projects.id = coalesce(checks.project_id, incidents.project_id)
    WHERE coalesce(checks.is_public, incidents.is_published) AND retired_at IS NULL AND projects.deleted_at IS NULL
      AND (closed_at IS NULL OR closed_at > CAST(:now AS timestamptz) - interval '30 days')
    ORDER BY closed_at IS NULL DESC, opened_at DESC, incidents.id DESC LIMIT :most
    """
)
_WINDOWS = text(
    """
    SELECT windows.id, windows.created_at, title, message, starts_at, ends_at, starts_at <= :now AS is_active
    FROM maintenance_windows AS windows LEFT JOIN projects ON projects.id = project_id
    WHERE is_public AND cancelled_at IS NULL AND ends_at > :now AND projects.deleted_at IS NULL
    ORDER BY starts_at, windows.id LIMIT :most
    """
)
_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_NOTES = text(
    "SELECT incident_id, created_at AS at, note, status FROM incident_notes "
    "WHERE is_public AND incident_id = ANY(:ids) ORDER BY id"
).bindparams(_IDS)


def _affected(table: str, reference: str) -> TextClause:
    return text(
        f"SELECT {reference} AS id, checks.name FROM {table} JOIN health_checks AS checks ON checks.id = check_id "  # noqa: S608
        "LEFT JOIN projects ON projects.id = project_id "
        f"WHERE {reference} = ANY(:ids) AND is_public AND retired_at IS NULL AND projects.deleted_at IS NULL "
        "ORDER BY lower(checks.name), checks.id"
    ).bindparams(_IDS)


_OF_INCIDENTS = _affected("incident_checks", "incident_id")
_OF_WINDOWS = _affected("maintenance_checks", "window_id")


async def list_public_incidents(session: AsyncSession, now: datetime) -> list[PublicIncident]:
    """Returns open incidents and those of the last 30 days, open ones first, then the newest."""
    rows = (await session.execute(_INCIDENTS, {"now": now, "most": MAX_ROWS})).all()
    ids = [row.id for row in rows]
    notes: dict[int, list[PublicNote]] = defaultdict(list)
    for note in await session.execute(_NOTES, {"ids": ids}):
        notes[note.incident_id].append(PublicNote(at=note.at, note=note.note, status=note.status))
    affected = await _names(session, _OF_INCIDENTS, ids)
    return [
        PublicIncident(
            key=_key("incident", row.id, row.created_at),
            title=row.title or f"{row.component} is down",
            component=row.component,
            affects=affected[row.id],
            severity=row.severity,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
            notes=notes[row.id],
        )
        for row in rows
    ]


async def list_public_maintenance(session: AsyncSession, now: datetime) -> list[PublicMaintenance]:
    """Returns the maintenance that is on or planned, in the order of its beginning."""
    rows = (await session.execute(_WINDOWS, {"now": now, "most": MAX_ROWS})).all()
    affected = await _names(session, _OF_WINDOWS, [row.id for row in rows])
    return [
        PublicMaintenance(
            key=_key("maintenance", row.id, row.created_at),
            title=row.title,
            message=row.message,
            affects=affected[row.id],
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            is_active=row.is_active,
        )
        for row in rows
    ]


async def _names(session: AsyncSession, statement: TextClause, ids: Sequence[int]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = defaultdict(list)
    for row in await session.execute(statement, {"ids": ids}):
        names[row.id].append(row.name)
    return names


def _key(what: str, row_id: int, created_at: datetime) -> str:
    """Returns a name that stays, and from which nobody learns the id: the time is not public to the microsecond."""
    return str(uuid5(NAMESPACE_OID, f"{what} {row_id} {created_at.astimezone(UTC).isoformat()}"))
