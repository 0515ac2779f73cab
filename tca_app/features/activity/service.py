"""Reads the event log: newest first, by cursor, only the events that the reader may see."""

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.days import in_days
from tca_app.core.database.pagination import matching
from tca_app.core.database.sorting import order_by
from tca_app.core.events.log import sentence
from tca_app.features.activity import policy
from tca_app.features.activity.schemas import ActivityFilter, ActivityQuery, ActivityRead
from tca_app.models import LoggedEvent, Project, ProjectMember

_log = LoggedEvent.__table__.c
_INTERNAL = ("search_text", "salt", "hash", "previous_hash", "sequence")
_COLUMNS = tuple(column for column in _log if column.name not in _INTERNAL)


def _follows(*types: str, within: int) -> ColumnElement[bool]:
    """Whether one of the last events of the same subject is of these types."""
    earlier = LoggedEvent.__table__.alias("earlier").c
    return exists().where(
        earlier.subject_type == _log.subject_type,
        earlier.subject_id == _log.subject_id,
        earlier.sequence.between(_log.sequence - within, _log.sequence - 1),
        earlier.type.in_(types),
    )


# Events that repeat the previous event: programs need them, readers do not. An approval or a rollback also queues the
# deployment, at times with an event about a freeze in between; a refusal also cancels it.
_REPEATED = or_(
    _log.type == "deployment_requested",
    (_log.type == "deployment_queued") & _follows("deployment_approved", "deployment_rolled_back", within=2),
    (_log.type == "deployment_cancelled") & _follows("deployment_refused", within=1),
)


async def list_activity(
    session: AsyncSession, actor: Actor, query: ActivityQuery, *, for_reader: bool = False
) -> tuple[list[ActivityRead], bool]:
    """Returns the events after `query.cursor`, by default newest first, and whether others follow.

    `for_reader` leaves out what another event has said, unless the query names types.
    """
    wanted = await conditions(session, query, for_reader=for_reader)
    if query.cursor is not None:
        wanted.append(_log.id < query.cursor if query.sort == "-at" else _log.id > query.cursor)
    rows = (await session.execute(visible(actor, wanted, query.limit + 1, query.sort))).all()
    return [_read(row, policy.sees_all(actor)) for row in rows[: query.limit]], len(rows) > query.limit


async def conditions(
    session: AsyncSession, query: ActivityFilter, *, for_reader: bool = False
) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [~_REPEATED] if for_reader and not query.type else []
    if query.search:
        wanted += await matching(session, LoggedEvent.__table__, query.search)
    for name in ("type", "actor_id", "subject_type", "subject_id", "project_id"):
        if value := getattr(query, name):
            wanted.append(_log[name].in_(value) if isinstance(value, list) else _log[name] == value)
    if query.about_id is not None:
        about = (_log.subject_type == "user") & (_log.subject_id == query.about_id)
        wanted.append(or_(about, _log.actor_id == query.about_id))
    wanted += in_days(_log.at, query)
    return wanted


def visible(actor: Actor, wanted: list[ColumnElement[bool]], limit: int, sort: str = "-at") -> Select[Any]:
    """Returns the visible events. Each reason to see an event is a select of its own, so that each uses an index."""
    order = order_by({}, sort, _log.id)  # ids are in the order of time
    if policy.sees_all(actor):
        return select(*_COLUMNS).where(*wanted).order_by(*order).limit(limit)
    mine = (
        select(col(ProjectMember.project_id))
        .join(Project, col(Project.id) == col(ProjectMember.project_id))
        .where(col(ProjectMember.user_id) == actor.user_id, col(Project.deleted_at).is_(None))
    )
    reasons = (
        _log.project_id.in_(mine),
        (_log.subject_type == "user") & (_log.subject_id == actor.user_id),
        _log.actor_id == actor.user_id,
    )
    parts = [select(_log.id).where(reason, *wanted).order_by(*order).limit(limit) for reason in reasons]
    first, *others = (select(part.subquery().c.id) for part in parts)
    ids = first.union(*others).subquery()
    return select(*_COLUMNS).where(_log.id.in_(select(ids.c.id))).order_by(*order).limit(limit)


def _read(row: Row[*tuple[Any, ...]], sees_all: bool) -> ActivityRead:
    values = dict(row._mapping)
    data = values.pop("data")
    told = {"actor": values["actor_name"], "subject": values["subject_name"], "data": data}
    is_own = values["subject_type"] == "user" and values["subject_id"] == values["actor_id"]
    return ActivityRead(
        **values | ({} if sees_all else {"ip": None, "request_id": None}),
        summary=sentence(values["type"], **told, is_own=is_own),
        before=data.get("before", {}),
        after=data.get("after", {}),
        data={name: value for name, value in data.items() if name not in ("before", "after")},
    )
