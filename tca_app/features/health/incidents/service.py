"""Service functions for incidents: open one by hand, change it, acknowledge it, and post notes and updates."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import Row, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.concurrency import changed_fields, check_version, fields_of
from tca_app.core.database.session import lock
from tca_app.core.errors import Conflict, Forbidden, Invalid
from tca_app.core.events.log import emit
from tca_app.core.language.messages import ENGLISH, N_, _, speaking
from tca_app.features.health import events, policy
from tca_app.features.health.components import component_names, require_components
from tca_app.features.health.incidents.queries import NOTE_COLUMNS, find_incident, get_incident
from tca_app.features.health.incidents.schemas import IncidentCreate, IncidentRead, IncidentUpdate, NoteCreate, NoteRead
from tca_app.features.health.probing.check_state import lasted
from tca_app.features.projects.service import find_project
from tca_app.models import Incident, IncidentCheck, IncidentNote

MAX_NOTES = 100
MAX_OPEN = 100  # by hand, in a project or for the console
_INCIDENTS, _AFFECTED = Incident.__table__, IncidentCheck.__table__
_incidents = _INCIDENTS.c
_ADD = text(
    f"""
    WITH incident_notes AS (
      INSERT INTO incident_notes (incident_id, user_id, note, status, is_public)
      VALUES (:incident_id, :user_id, :note, :status, :is_public) RETURNING *
    )
    SELECT {NOTE_COLUMNS} FROM incident_notes JOIN users ON users.id = user_id
    """  # noqa: S608  constant SQL
)
_COUNT_NOTES = select(func.count()).select_from(IncidentNote.__table__)


class TooManyNotes(Conflict):
    code = "too_many_notes"
    default = N_("An incident has at most {most} notes.")
    values: ClassVar = {"most": MAX_NOTES}


class TooManyIncidents(Conflict):
    code = "too_many_incidents"
    default = N_("There are {most} open incidents already. Resolve one first.")
    values: ClassVar = {"most": MAX_OPEN}


class AlreadyResolved(Conflict):
    code = "already_resolved"
    default = N_("This incident is resolved. Open a new one.")


async def create_incident(session: AsyncSession, actor: Actor, data: IncidentCreate) -> IncidentRead:
    """Opens an incident by hand. Raises NotFound, Forbidden, Invalid for an unknown component."""
    await _require_open(session, actor, data.project_id)
    check_ids = await require_components(session, data.project_id, data.check_ids)
    await _refuse_too_many(session, data.project_id)
    fields = data.model_dump(exclude={"check_ids", "message"})
    values = _stored(fields) | {"opened_at": func.now(), "opened_by_id": actor.user_id, "reason": ""}
    incident_id = (await session.execute(insert(_INCIDENTS).values(values).returning(_incidents.id))).scalar_one()
    await _store_components(session, incident_id, check_ids)
    first = NoteCreate(note=data.message, status="investigating", is_public=data.is_public)
    await _store_note(session, actor, incident_id, first)
    row = await find_incident(session, actor, incident_id)
    await emit(session, actor, events.IncidentOpened.of(row, severity=data.severity, **_said(first)))
    return await get_incident(session, actor, incident_id)


async def update_incident(
    session: AsyncSession, actor: Actor, incident_id: int, data: IncidentUpdate, if_version: int | None = None
) -> IncidentRead:
    """Updates the given fields. Raises NotFound, Forbidden, Stale, Invalid for what checks decide."""
    row = await require_note(session, actor, incident_id)
    given = data.given()
    if not row.is_manual and (fixed := [name for name in given if name != "severity"]):
        raise Invalid.at(fixed[0], _("Checks opened this incident: only its severity can be changed."))
    check_ids = given.pop("check_ids", None)
    check_version(row, given, if_version)
    changed = changed_fields(row, given)
    before, after = fields_of(row, changed), dict(changed)
    if check_ids is not None:
        old, new = await _replace_components(session, row, check_ids)
        if old != new:
            before, after = before | {"components": old}, after | {"components": new}
    if after:
        stored = _stored(changed) | {"version": _incidents.version + 1, "updated_by_id": actor.user_id}
        await session.execute(update(_INCIDENTS).where(_incidents.id == incident_id).values(stored))
        await emit(session, actor, events.IncidentUpdated.of(row, before=before, after=after))
    return await get_incident(session, actor, incident_id)


async def acknowledge_incident(session: AsyncSession, actor: Actor, incident_id: int) -> IncidentRead:
    """Records who takes care of an open incident. The first one stays. Raises NotFound, Forbidden, AlreadyResolved."""
    row = await require_note(session, actor, incident_id)
    if row.acknowledged_at is None:
        if row.closed_at is not None:
            raise AlreadyResolved(_("This incident is resolved: there is nothing to acknowledge."))
        values = {"acknowledged_at": func.now(), "acknowledged_by_id": actor.user_id}
        await session.execute(update(_INCIDENTS).where(_incidents.id == incident_id).values(values))
        await emit(session, actor, events.IncidentAcknowledged.of(row))
    return await get_incident(session, actor, incident_id)


async def require_note(session: AsyncSession, actor: Actor, incident_id: int) -> Row[*tuple[Any, ...]]:
    """Locks and returns the incident. Raises NotFound for non-members, Forbidden for viewers."""
    row = await find_incident(session, actor, incident_id, locks=True)
    policy.require_note(actor, row.project_id, row.role)
    return row


async def add_note(session: AsyncSession, actor: Actor, incident_id: int, data: NoteCreate) -> NoteRead:
    """Adds a note, or an update that sets the status. Raises NotFound, Forbidden, AlreadyResolved, TooManyNotes."""
    row = await require_note(session, actor, incident_id)
    if data.status is not None:
        _require_change(row, data.status)
    count = _COUNT_NOTES.where(IncidentNote.__table__.c.incident_id == incident_id)
    if (await session.execute(count)).scalar_one() >= MAX_NOTES:
        raise TooManyNotes
    note = await _store_note(session, actor, incident_id, data)
    await _store_status(session, actor, row, data)
    return note


def _require_change(row: Row[*tuple[Any, ...]], status: str) -> None:
    if row.closed_at is not None:
        raise AlreadyResolved
    if status == "resolved" and not row.is_manual:
        raise Invalid.at("status", _("Checks opened this incident, and passing checks resolve it."))


async def _store_status(session: AsyncSession, actor: Actor, row: Row[*tuple[Any, ...]], data: NoteCreate) -> None:
    """Sets the status of an update, and emits what happened."""
    if data.status is None:
        await emit(session, actor, events.IncidentNoted.of(row, **_said(data)))
        return
    changing = update(_INCIDENTS).where(_incidents.id == row.id)
    if data.status == "resolved":
        now = datetime.now(UTC)
        await session.execute(changing.values(closed_at=func.greatest(_incidents.opened_at, now)))
        with speaking(ENGLISH):  # the event log is in English in every session
            span = lasted(now - row.opened_at)
        event = events.IncidentResolved.of(row, lasted=span, **_said(data))
        await emit(session, actor, event)
    else:
        await session.execute(changing.values(status=data.status))
        await emit(session, actor, events.IncidentStatusChanged.of(row, status=data.status, **_said(data)))


def _stored(fields: dict[str, Any]) -> dict[str, Any]:
    """Returns the values of the columns. Of a join with checks, `is_public` would be ambiguous."""
    return {"is_published" if name == "is_public" else name: value for name, value in fields.items()}


def _said(note: NoteCreate) -> dict[str, Any]:
    return {"note": note.note, "is_public": note.is_public}


async def _store_note(session: AsyncSession, actor: Actor, incident_id: int, data: NoteCreate) -> NoteRead:
    values = data.model_dump() | {"incident_id": incident_id, "user_id": actor.user_id}
    return NoteRead.model_validate((await session.execute(_ADD, values)).one())


async def _require_open(session: AsyncSession, actor: Actor, project_id: int | None) -> None:
    if project_id is not None:
        await find_project(session, actor, policy.NOTE, project_id)
    elif not policy.may_note(actor, None, None):
        raise Forbidden(_("Only administrators open incidents of the console. Choose a project."))


async def _refuse_too_many(session: AsyncSession, project_id: int | None) -> None:
    await lock(session, f"incidents {project_id or 'console'}")
    opened = (_incidents.check_id.is_(None), _incidents.closed_at.is_(None))
    of_project = _incidents.project_id.is_not_distinct_from(project_id)
    count = select(func.count()).select_from(_INCIDENTS).where(*opened, of_project)
    if (await session.execute(count)).scalar_one() >= MAX_OPEN:
        raise TooManyIncidents


async def _store_components(session: AsyncSession, incident_id: int, check_ids: Sequence[int]) -> None:
    if check_ids:
        rows = [{"incident_id": incident_id, "check_id": check_id} for check_id in check_ids]
        await session.execute(insert(_AFFECTED), rows)


async def _replace_components(
    session: AsyncSession, row: Row[*tuple[Any, ...]], check_ids: Sequence[int]
) -> tuple[list[str], list[str]]:
    """Replaces the affected components. Returns their names before and after."""
    wanted = await require_components(session, row.project_id, check_ids)
    affected = select(_AFFECTED.c.check_id).where(_AFFECTED.c.incident_id == row.id)
    before = await component_names(session, list((await session.execute(affected)).scalars()))
    await session.execute(delete(_AFFECTED).where(_AFFECTED.c.incident_id == row.id))
    await _store_components(session, row.id, wanted)
    return before, await component_names(session, wanted)
