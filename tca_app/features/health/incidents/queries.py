"""Reads incidents: what happened when, its severity, who acknowledged it and was notified, and its notes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Row, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.display_name import DISPLAY_NAME_TEXT
from tca_app.core.errors import NotFound
from tca_app.features.health import policy
from tca_app.features.health.history.service import VISIBLE, role_in, viewer, visible
from tca_app.features.health.incidents.schemas import IncidentRead, NoteRead
from tca_app.features.health.schemas import Component
from tca_app.features.projects.refs import read_refs
from tca_app.features.projects.schemas import ProjectRef

PROJECT = "coalesce(incidents.project_id, checks.project_id)"
"""The project of an incident: of the check that opened it, or the one that its author chose."""
_TABLES = "FROM incidents LEFT JOIN health_checks AS checks ON checks.id = incidents.check_id"
_FROM = f"{_TABLES} WHERE {visible(PROJECT)}"


def _name_of(column: str) -> str:
    found = f"(SELECT {DISPLAY_NAME_TEXT} FROM users WHERE users.id = incidents.{column})"  # noqa: S608  constant SQL
    return f"coalesce({found}, '')"


COLUMNS = f"""
    incidents.id, incidents.check_id IS NULL AS is_manual, incidents.check_id, title,
    coalesce(checks.name, title) AS name, {PROJECT} AS project_id, {role_in(PROJECT)}, incidents.severity,
    CASE WHEN closed_at IS NULL THEN incidents.status ELSE 'resolved' END AS status, is_published AS is_public,
    opened_at, opened_by_id, {_name_of("opened_by_id")} AS opened_by, closed_at, acknowledged_at, acknowledged_by_id,
    {_name_of("acknowledged_by_id")} AS acknowledged_by, reason, incidents.version, incidents.updated_at,
    {_name_of("updated_by_id")} AS changed_by, incidents.updated_by_id AS changed_by_id
"""
_ONE = text(f"SELECT {COLUMNS} {_FROM} AND incidents.id = :incident_id")
_LOCKED = text(f"{_ONE.text} FOR NO KEY UPDATE OF incidents")
_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_CHOSEN = text(f"SELECT {COLUMNS} {_TABLES} WHERE incidents.id = ANY(:ids)").bindparams(_IDS)
NOTE_COLUMNS = f"""
    incident_notes.id, coalesce({DISPLAY_NAME_TEXT}, '') AS author, user_id AS author_id, note, status, is_public,
    incident_notes.created_at
"""
_NOTES = text(
    f"""
    SELECT incident_id, {NOTE_COLUMNS} FROM incident_notes LEFT JOIN users ON users.id = user_id
    WHERE incident_id = ANY(:ids) ORDER BY incident_notes.id
    """  # noqa: S608
).bindparams(_IDS)
_COMPONENTS = text(
    f"""
    SELECT incident_id, check_id, checks.name FROM incident_checks JOIN health_checks AS checks ON checks.id = check_id
    WHERE incident_id = ANY(:ids) AND {VISIBLE} ORDER BY lower(checks.name), check_id
    """  # noqa: S608
).bindparams(_IDS)
# The inbox shows who was notified. Mails go to the same users, according to their preferences.
_NOTIFIED = text(
    f"""
    WITH opened AS (
      SELECT id, CAST(data ->> 'incident_id' AS bigint) AS incident_id FROM events
      WHERE subject_type = 'health_check' AND subject_id = ANY(:checks) AND type = 'health_degraded'
        AND CAST(data ->> 'incident_id' AS bigint) = ANY(:ids)
      UNION ALL
      SELECT id, subject_id FROM events
      WHERE subject_type = 'incident' AND subject_id = ANY(:ids) AND type = 'incident_opened'
    )
    SELECT incident_id, {DISPLAY_NAME_TEXT} AS name
    FROM opened JOIN notifications ON event_id = opened.id JOIN users ON users.id = notifications.user_id
    ORDER BY lower(username)
    """  # noqa: S608
).bindparams(_IDS, bindparam("checks", type_=ARRAY(BigInteger)))


@dataclass(frozen=True, slots=True)
class _Decorations:
    """What belongs to the incidents of a page, by incident, and their projects, by id."""

    notes: dict[int, list[NoteRead]]
    components: dict[int, list[Component]]
    notified: dict[int, list[str]]
    projects: dict[int, ProjectRef]


async def read_chosen(session: AsyncSession, actor: Actor, ids: list[int]) -> list[IncidentRead]:
    """Returns these incidents in this order. The caller has chosen them among those that the actor may see."""
    rows = {row.id: row for row in await session.execute(_CHOSEN, viewer(actor) | {"ids": ids})}
    return await _reads(session, actor, [rows[number] for number in ids if number in rows])


async def get_incident(session: AsyncSession, actor: Actor, incident_id: int) -> IncidentRead:
    """Returns one incident. Raises NotFound, for non-members too."""
    policy.require_list(actor)
    (incident,) = await _reads(session, actor, [await find_incident(session, actor, incident_id)])
    return incident


async def find_incident(
    session: AsyncSession, actor: Actor, incident_id: int, *, locks: bool = False
) -> Row[*tuple[Any, ...]]:
    """Returns the row of one incident that the actor may see, with `COLUMNS`. Raises NotFound."""
    row = (await session.execute(_LOCKED if locks else _ONE, viewer(actor) | {"incident_id": incident_id})).first()
    if row is None:
        raise NotFound
    return row


async def _reads(session: AsyncSession, actor: Actor, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[IncidentRead]:
    around = await _decorations(session, actor, rows)
    return [_read(actor, row, around) for row in rows]


async def _decorations(session: AsyncSession, actor: Actor, rows: Sequence[Row[*tuple[Any, ...]]]) -> _Decorations:
    ids = {"ids": [row.id for row in rows]}
    notes: dict[int, list[NoteRead]] = defaultdict(list)
    for row in await session.execute(_NOTES, ids):
        notes[row.incident_id].append(NoteRead.model_validate(row))
    components: dict[int, list[Component]] = defaultdict(list)
    for row in await session.execute(_COMPONENTS, ids | viewer(actor)):
        components[row.incident_id].append(Component.model_validate(row))
    notified: dict[int, list[str]] = defaultdict(list)
    checks = [row.check_id for row in rows if row.check_id is not None]
    for row in await session.execute(_NOTIFIED, ids | {"checks": checks}):
        notified[row.incident_id].append(row.name)
    projects = await read_refs(session, (row.project_id for row in rows))
    return _Decorations(notes, components, notified, projects)


def _read(actor: Actor, row: Row[*tuple[Any, ...]], around: _Decorations) -> IncidentRead:
    """Returns the schema. Only administrators see the names of administrators; a team sees its own members."""
    knows = actor.is_superuser or row.role is not None
    own = [] if row.is_manual else [Component(check_id=row.check_id, name=row.name)]
    notified = around.notified[row.id]
    return IncidentRead.model_validate(
        {
            **row._mapping,
            "project": around.projects.get(row.project_id),
            "components": own or around.components[row.id],
            "notes": around.notes[row.id],
            "notified": notified if knows else [],
            "notified_count": len(notified),
            "may_note": policy.may_note(actor, row.project_id, row.role),
        }
    )
