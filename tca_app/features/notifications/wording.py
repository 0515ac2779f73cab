"""Notifications in the language of their reader: title and body are made anew from the event."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.events.consumers import read_events
from tca_app.core.events.log import RecordedEvent
from tca_app.core.language.messages import ENGLISH, language
from tca_app.features.notifications.kinds import body_of, title_of
from tca_app.features.notifications.schemas import NotificationRead


async def to_reads(session: AsyncSession, rows: Sequence[Any]) -> list[NotificationRead]:
    """Returns the rows, which have an `event_id`, in the language of the running event. English is what is stored."""
    reads = [NotificationRead.model_validate(row) for row in rows]
    if language() == ENGLISH or not rows:
        return reads
    events = await read_events(session, [row.event_id for row in rows])
    return [
        read.model_copy(
            update=dict(zip(("title", "body"), words(events[row.event_id], (read.title, read.body)), strict=True))
        )
        for read, row in zip(reads, rows, strict=True)
    ]


async def titles_of(session: AsyncSession, rows: Sequence[Any]) -> list[str]:
    """Returns the titles alone."""
    if language() == ENGLISH or not rows:
        return [row.title for row in rows]
    events = await read_events(session, [row.event_id for row in rows])
    return [words(events[row.event_id], (row.title, row.body))[0] for row in rows]


def words(event: RecordedEvent, stored: tuple[str, str]) -> tuple[str, str]:
    """Returns title and body, or those that are stored when an older version logged other fields."""
    try:
        return title_of(event), body_of(event)
    except KeyError:
        return stored
