"""Publishes events to other services: one Redis stream per subject type. Lost streams are replayed from the log.

A stream is written before the transaction commits, so a crash in between delivers an event again. Readers deduplicate
by `uuid`, and detect by `sequence` that a newer event of the subject came first; see docs/streams.md.
"""

from collections.abc import Sequence
from datetime import datetime

import orjson
from redis.exceptions import RedisError
from redis.typing import EncodableT, FieldT
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.consumers.services import hand_over
from tca_app.core.cache.redis import get_redis
from tca_app.core.events.consumers import consumer
from tca_app.core.events.log import EVENT_COLUMNS, RecordedEvent
from tca_app.core.jobs.queue import RetryForever

BATCH = 500

_REPLAY = text(f"SELECT {EVENT_COLUMNS} FROM events WHERE id > :after AND at >= :since ORDER BY id LIMIT :most")  # noqa: S608


def stream_of(event: RecordedEvent) -> str:
    """Return the stream name, such as `user_events` or `project_events`."""
    return f"{event.subject_type}_events"


@consumer("streams")
async def publish(session: AsyncSession, events: Sequence[RecordedEvent]) -> None:
    """Append to the streams. The job is retried until Redis is reachable."""
    await _append(events)
    await hand_over(session, "user", (event.for_services() for event in events if event.subject_type == "user"))


async def _append(events: Sequence[RecordedEvent]) -> None:
    """Append the events. Raises RetryForever while Redis is unreachable."""
    most = get_settings().stream_maxlen
    try:
        async with get_redis().pipeline(transaction=False) as pipeline:
            for event in events:
                pipeline.xadd(stream_of(event), _fields(event), maxlen=most, approximate=True)
            await pipeline.execute()
    except (RedisError, OSError) as error:
        raise RetryForever(f"Redis cannot be reached ({type(error).__name__})") from error


def _fields(event: RecordedEvent) -> dict[FieldT, EncodableT]:
    """Return the fields as texts, which is all Redis stores: None becomes "", and `data` is JSON."""
    fields = event.public() | {"data": orjson.dumps(event.data).decode()}
    return {name: "" if value is None else str(value) for name, value in fields.items()}


async def replay(session: AsyncSession, since: datetime) -> int:
    """Append all events since `since` again, in order, and return how many. Readers deduplicate by uuid."""
    done, last = 0, 0
    while rows := (await session.execute(_REPLAY, {"after": last, "since": since, "most": BATCH})).all():
        await _append([RecordedEvent(*row) for row in rows])
        done, last = done + len(rows), rows[-1].id
    return done
