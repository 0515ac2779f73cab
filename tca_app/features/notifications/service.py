"""Service functions for the caller's own notifications. `consumers.notifications` writes them."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.csv_lines import MAX_ROWS
from tca_app.core.database.days import in_days
from tca_app.core.database.sorting import order_by
from tca_app.core.errors import Conflict, FieldError, Forbidden, NotFound
from tca_app.core.events.log import RecordedEvent
from tca_app.core.language.messages import _
from tca_app.core.lists.bulk import BulkResult
from tca_app.features.notifications.content import body_of, title_of
from tca_app.features.notifications.kinds import ALWAYS, KINDS, OFFERED
from tca_app.features.notifications.schemas import (
    InboxFilter,
    InboxQuery,
    NotificationRead,
    Origin,
    Preference,
    PreferenceChange,
)
from tca_app.features.notifications.wording import to_reads
from tca_app.features.projects.refs import read_refs
from tca_app.models import LoggedEvent, Notification, NotificationPreference

_inbox, _events = Notification.__table__.c, LoggedEvent.__table__.c
_COLUMNS = (*(_inbox[name] for name in NotificationRead.model_fields), _inbox.event_id)
COUNT_CAP = 100
_RENEW = text(
    "UPDATE notifications SET title = line.title, body = line.body "
    "FROM jsonb_to_recordset(:lines) AS line (event_id bigint, title text, body text) "
    "WHERE notifications.event_id = line.event_id"
).bindparams(bindparam("lines", type_=JSONB))


async def list_notifications(
    session: AsyncSession, actor: Actor, query: InboxQuery
) -> tuple[list[NotificationRead], bool]:
    """Returns the notifications after `query.cursor`, by default newest first, and whether others follow."""
    wanted = conditions(actor, query)
    if query.cursor is not None:
        wanted.append(_inbox.id < query.cursor if query.sort == "-id" else _inbox.id > query.cursor)
    statement = select(*_COLUMNS).where(*wanted).order_by(*order_by({}, query.sort, _inbox.id)).limit(query.limit + 1)
    rows = (await session.execute(statement)).all()
    return await to_reads(session, rows[: query.limit]), len(rows) > query.limit


def conditions(actor: Actor, query: InboxFilter) -> list[ColumnElement[bool]]:
    """Returns the conditions of the filters among the caller's notifications."""
    wanted = [_inbox.user_id == actor.user_id]
    if query.unread:
        wanted.append(_inbox.read_at.is_(None))
    if query.kind:
        wanted.append(_inbox.kind.in_(query.kind))
    if query.project_id:
        of_event = (_events.id == _inbox.event_id) & _events.project_id.in_(query.project_id)
        wanted.append(select(_events.id).where(of_event).exists())
    return wanted + in_days(_inbox.created_at, query)


async def find_notification_ids(session: AsyncSession, actor: Actor, query: InboxFilter) -> list[int]:
    """Returns the ids of the list in its order, at most 50,000."""
    ids = select(_inbox.id).where(*conditions(actor, query)).order_by(*order_by({}, query.sort, _inbox.id))
    return list((await session.execute(ids.limit(MAX_ROWS))).scalars())


async def read_origins(session: AsyncSession, found: Sequence[NotificationRead]) -> dict[int, Origin]:
    """Returns who acted and in which project, for notifications that the caller has, by their id."""
    statement = select(_inbox.id, _events.actor_id, _events.actor_name, _events.project_id).where(
        _events.id == _inbox.event_id, _inbox.id.in_([row.id for row in found])
    )
    rows = (await session.execute(statement)).all()
    refs = await read_refs(session, (row.project_id for row in rows))
    return {
        row.id: Origin(
            actor_id=row.actor_id,
            actor_name=row.actor_name if row.actor_id else "",
            project=refs.get(row.project_id or 0),
        )
        for row in rows
    }


async def read_notifications(session: AsyncSession, actor: Actor, ids: list[int]) -> list[NotificationRead]:
    """Returns those of the ids that are the caller's."""
    rows = await session.execute(select(*_COLUMNS).where(_inbox.user_id == actor.user_id, _inbox.id.in_(ids)))
    return [NotificationRead.model_validate(row) for row in rows]


async def count_unread(session: AsyncSession, actor: Actor) -> int:
    """Returns the number of unread notifications, up to `COUNT_CAP`, the largest number that the menu shows."""
    return await count_listed(session, actor, InboxFilter(unread=True), COUNT_CAP)


async def count_listed(session: AsyncSession, actor: Actor, query: InboxFilter, most: int) -> int:
    """Returns the number of notifications of a list, up to `most`."""
    listed = select(_inbox.id).where(*conditions(actor, query)).limit(most)
    return (await session.execute(select(func.count()).select_from(listed.subquery()))).scalar_one()


async def read_one(
    session: AsyncSession, actor: Actor, notification_id: int, *, is_read: bool = True
) -> NotificationRead:
    """Marks one as read or, with `is_read=False`, as unread. Raises NotFound for another user's notification."""
    rows = await _mark(session, actor, [notification_id], is_read)
    if not rows:
        raise NotFound
    return (await to_reads(session, rows))[0]


async def read_many(session: AsyncSession, actor: Actor, ids: list[int], *, is_read: bool) -> list[BulkResult]:
    """Marks many as read or as unread. Another user's notification is refused as one that does not exist.

    What is marked already is refused, too: an undo of the others must not change it.
    """
    others = _inbox.read_at.is_(None) if is_read else _inbox.read_at.is_not(None)
    changed = {row.id for row in await _mark(session, actor, ids, is_read, others)}
    own = {row.id for row in await read_notifications(session, actor, ids)}
    already = _("Already marked as read.") if is_read else _("Already marked as unread.")
    return [
        BulkResult(id=row_id, ok=True)
        if row_id in changed
        else BulkResult(id=row_id, ok=False, detail=already if row_id in own else NotFound().detail)
        for row_id in ids
    ]


async def _mark(
    session: AsyncSession, actor: Actor, ids: list[int], is_read: bool, *more: ColumnElement[bool]
) -> Sequence[Any]:
    mine = _inbox.id.in_(ids) & (_inbox.user_id == actor.user_id)
    at = func.coalesce(_inbox.read_at, func.now()) if is_read else None
    statement = update(Notification).where(mine, *more).values(read_at=at).returning(*_COLUMNS)
    return (await session.execute(statement.execution_options(synchronize_session=False))).all()


async def read_all(
    session: AsyncSession, actor: Actor, newest: int | None = None, query: InboxFilter | None = None
) -> int:
    """Marks all of a list as read, up to the id `newest`, as later ones have not been seen. Returns how many."""
    mine = conditions(actor, (query or InboxFilter()).model_copy(update={"unread": True}))
    if newest is not None:
        mine.append(_inbox.id <= newest)
    statement = update(Notification).where(*mine).values(read_at=func.now())
    # SQLAlchemy declares the result of a query; that of an UPDATE has the count of its rows too.
    done = cast("CursorResult[Any]", await session.execute(statement.execution_options(synchronize_session=False)))
    return done.rowcount


async def list_preferences(session: AsyncSession, actor: Actor) -> list[Preference]:
    """Returns every kind that may concern the user, for each channel."""
    table = NotificationPreference.__table__.c
    chosen = select(table.kind, table.channel, table.is_on).where(table.user_id == actor.user_id)
    known = {(row.kind, row.channel): row.is_on for row in await session.execute(chosen)}
    return [
        Preference(
            kind=name,
            label=_(kind.label),
            channel=channel,
            is_on=(name, channel) in ALWAYS or known.get((name, channel), channel in kind.on),
            is_fixed=(name, channel) in ALWAYS,
        )
        for name, kind in OFFERED.items()
        if kind.audience != "admins" or actor.is_superuser
        for channel in kind.offered
    ]


async def change_preferences(
    session: AsyncSession, actor: Actor, changes: Sequence[PreferenceChange]
) -> list[Preference]:
    """Updates preferences. Raises Forbidden for a kind that the user is not offered, Conflict for a fixed one."""
    offered = {(row.kind, row.channel): row for row in await list_preferences(session, actor)}
    for number, change in enumerate(changes):
        found = offered.get((change.kind, change.channel))
        if found is None:
            detail = _("This notification is not available on that channel.")
            raise Forbidden(detail, errors=[FieldError(f"/preferences/{number}/kind", detail)])
        if found.is_fixed and not change.is_on:
            detail = _("This notification cannot be disabled.")
            raise Conflict(detail, errors=[FieldError(f"/preferences/{number}/is_on", detail)])
    last = {(change.kind, change.channel): change.is_on for change in changes}
    rows = [
        {"user_id": actor.user_id, "kind": kind, "channel": channel, "is_on": is_on}
        for (kind, channel), is_on in last.items()
    ]
    put = insert(NotificationPreference).values(rows)
    keys = ["user_id", "kind", "channel"]
    await session.execute(put.on_conflict_do_update(index_elements=keys, set_={"is_on": put.excluded.is_on}))
    return await list_preferences(session, actor)


async def renew(session: AsyncSession, events: Sequence[RecordedEvent]) -> None:
    """Writes the notifications of these events anew, after personal data was erased from the events."""
    lines = [
        {"event_id": event.id, "title": title_of(event), "body": body_of(event)}
        for event in events
        if event.type in KINDS
    ]
    if lines:
        await session.execute(_RENEW, {"lines": lines})
