"""Service functions for incidents: when, why, who was notified, and their notes."""

from collections import defaultdict
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Row, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.pagination import Page
from tca_app.core.display_name import DISPLAY_NAME_TEXT
from tca_app.core.errors import Conflict, NotFound
from tca_app.core.events.log import emit
from tca_app.features.health import policy
from tca_app.features.health.events import IncidentNoted, Subject
from tca_app.features.health.history.service import ROLE, VISIBLE, viewer
from tca_app.features.health.schemas import IncidentQuery, IncidentRead, NoteCreate, NoteRead

MAX_NOTES = 100

_FROM = f"FROM health_checks AS checks JOIN incidents ON incidents.check_id = checks.id WHERE {VISIBLE}"
_CHOSEN = f"""
    {_FROM} AND (CAST(:project_id AS bigint) IS NULL OR checks.project_id = :project_id)
      AND (CAST(:check_id AS bigint) IS NULL OR checks.id = :check_id)
      AND (CAST(:open AS boolean) IS NULL OR :open = (closed_at IS NULL))
"""
_COUNT = text(f"SELECT count(*) {_CHOSEN}")
_COLUMNS = f"incidents.id, check_id, checks.name, checks.project_id, {ROLE}, opened_at, closed_at, reason"
_ORDER = "ORDER BY closed_at IS NULL DESC, incidents.id DESC"
_LIST = text(
    f"""
    WITH page AS (SELECT incidents.* {_CHOSEN} {_ORDER} OFFSET :skip LIMIT :limit)
    SELECT {_COLUMNS} FROM page AS incidents JOIN health_checks AS checks ON checks.id = check_id {_ORDER}
    """  # noqa: S608  constant SQL
)
_ONE = text(f"SELECT {_COLUMNS} {_FROM} AND incidents.id = :incident_id FOR UPDATE OF incidents")
_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_NOTE_COLUMNS = (
    f"incident_notes.id, coalesce({DISPLAY_NAME_TEXT}, '') AS author, note, is_public, incident_notes.created_at"
)
_NOTES = text(
    f"""
    SELECT incident_id, {_NOTE_COLUMNS} FROM incident_notes LEFT JOIN users ON users.id = user_id
    WHERE incident_id = ANY(:ids) ORDER BY incident_notes.id
    """  # noqa: S608
).bindparams(_IDS)
# The inbox shows who was notified. Mails go to the same users, according to their preferences.
_NOTIFIED = text(
    f"""
    SELECT CAST(events.data ->> 'incident_id' AS bigint) AS incident_id, {DISPLAY_NAME_TEXT} AS name
    FROM events JOIN notifications ON event_id = events.id JOIN users ON users.id = notifications.user_id
    WHERE events.subject_type = 'health_check' AND events.subject_id = ANY(:checks) AND events.type = 'health_degraded'
      AND CAST(events.data ->> 'incident_id' AS bigint) = ANY(:ids)
    ORDER BY lower(username)
    """  # noqa: S608
).bindparams(_IDS, bindparam("checks", type_=ARRAY(BigInteger)))
_ADD = text(
    f"""
    WITH incident_notes AS (
      INSERT INTO incident_notes (incident_id, user_id, note, is_public)
      VALUES (:incident_id, :user_id, :note, :is_public) RETURNING *
    )
    SELECT {_NOTE_COLUMNS} FROM incident_notes JOIN users ON users.id = user_id
    """  # noqa: S608
)
_COUNT_NOTES = text("SELECT count(*) FROM incident_notes WHERE incident_id = :incident_id")


class TooManyNotes(Conflict):
    code = "too_many_notes"
    default = f"An incident has at most {MAX_NOTES} notes."


async def list_incidents(session: AsyncSession, actor: Actor, query: IncidentQuery) -> Page[IncidentRead]:
    """Returns the incidents of the console and of the actor's projects, open ones first, then the newest."""
    policy.require_list(actor)
    values = query.model_dump() | viewer(actor)
    rows = (await session.execute(_LIST, values)).all()
    total: int = (await session.execute(_COUNT, values)).scalar_one()
    ids = {"ids": [row.id for row in rows]}
    notes: dict[int, list[NoteRead]] = defaultdict(list)
    for row in await session.execute(_NOTES, ids):
        notes[row.incident_id].append(NoteRead.model_validate(row))
    notified: dict[int, list[str]] = defaultdict(list)
    for row in await session.execute(_NOTIFIED, ids | {"checks": [row.check_id for row in rows]}):
        notified[row.incident_id].append(row.name)
    return Page([_read(actor, row, notes[row.id], notified[row.id]) for row in rows], total)


def _read(actor: Actor, row: Row[*tuple[Any, ...]], notes: list[NoteRead], notified: list[str]) -> IncidentRead:
    """Returns the schema. Only administrators see the names of administrators; a team sees its own members."""
    knows = actor.is_superuser or row.role is not None
    values = {name: row._mapping[name] for name in ("id", "check_id", "name", "project_id")}
    values |= {"opened_at": row.opened_at, "closed_at": row.closed_at, "reason": row.reason}
    may_note = policy.may_note(actor, row.project_id, row.role)
    return IncidentRead(
        notes=notes, told=notified if knows else [], told_count=len(notified), may_note=may_note, **values
    )


async def require_note(session: AsyncSession, actor: Actor, incident_id: int) -> Subject:
    """Returns the incident if the actor may add notes. Raises NotFound for non-members, Forbidden for viewers."""
    row = (await session.execute(_ONE, viewer(actor) | {"incident_id": incident_id})).first()
    if row is None:
        raise NotFound
    policy.require_note(actor, row.project_id, row.role)
    return row


async def add_note(session: AsyncSession, actor: Actor, incident_id: int, data: NoteCreate) -> NoteRead:
    """Adds a note to an open or resolved incident. Raises NotFound for non-members, Forbidden for viewers."""
    row = await require_note(session, actor, incident_id)
    if (await session.execute(_COUNT_NOTES, {"incident_id": incident_id})).scalar_one() >= MAX_NOTES:
        raise TooManyNotes
    given = data.model_dump() | {"incident_id": incident_id, "user_id": actor.user_id}
    made = (await session.execute(_ADD, given)).one()
    await emit(session, actor, IncidentNoted.of(row, incident_id=incident_id, note=data.note))
    return NoteRead.model_validate(made)
