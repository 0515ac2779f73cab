"""Notifications in the language of their reader: title and body are made anew from the event."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.events.consumers import read_events
from tca_app.core.events.log import CATALOGUE, RecordedEvent
from tca_app.core.events.words import TIMES, reads_the_log
from tca_app.core.language.messages import ENGLISH, language
from tca_app.features.notifications.content import body_of, title_of
from tca_app.features.notifications.schemas import NotificationRead

_WITH_TIMES = frozenset(name for name, event in CATALOGUE.items() if not TIMES.isdisjoint(event.model_fields))


async def to_reads(session: AsyncSession, rows: Sequence[Any]) -> list[NotificationRead]:
    """Returns the rows, which have a `kind` and an `event_id`, in the language and the time zone of the reader."""
    reads = [NotificationRead.model_validate(row) for row in rows]
    written = await _words_of(session, rows)
    return [
        read.model_copy(update=dict(zip(("title", "body"), texts, strict=True)))
        for read, texts in zip(reads, written, strict=True)
    ]


async def titles_of(session: AsyncSession, rows: Sequence[Any]) -> list[str]:
    """Returns the titles alone."""
    return [title for title, _body in await _words_of(session, rows)]


async def _words_of(session: AsyncSession, rows: Sequence[Any]) -> list[tuple[str, str]]:
    """Returns title and body of each row. What is stored is English, with times in UTC."""
    is_english = language() == ENGLISH
    others = [] if reads_the_log() else [row.event_id for row in rows if not is_english or row.kind in _WITH_TIMES]
    events = await read_events(session, others) if others else {}
    stored = [(row.event_id, (row.title, row.body)) for row in rows]
    return [words(events[event_id], texts) if event_id in events else texts for event_id, texts in stored]


def words(event: RecordedEvent, stored: tuple[str, str]) -> tuple[str, str]:
    """Returns title and body, or those that are stored when an older version logged other fields."""
    try:
        return title_of(event), body_of(event)
    except KeyError:
        return stored
