"""Demo notifications: those that people would have received, by the product's own rules."""

import random
from datetime import datetime, timedelta

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.consumers.notifications import channels_of, line_of
from tca_app.core.events.log import EVENT_COLUMNS, RecordedEvent
from tca_app.features.notifications.kinds import KINDS
from tca_app.models import Notification

NOTIFIED_DAYS = 14
UNREAD = timedelta(days=2)

# All health events are included, because the incident page shows who was notified.
_NOTIFIED = text(
    f"""
    SELECT {EVENT_COLUMNS} FROM events
    WHERE id = ANY(:ids) AND type = ANY(:kinds) AND (subject_type = 'health_check' OR at > :since) ORDER BY id
    """  # noqa: S608
)


async def fill_inboxes(session: AsyncSession, now: datetime, ids: list[int]) -> int:
    """Write the inbox entries of these events, the older ones as read. Returns how many."""
    rng = random.Random(26)  # noqa: S311
    since = now - timedelta(days=NOTIFIED_DAYS)
    logged = await session.execute(_NOTIFIED, {"kinds": list(KINDS), "since": since, "ids": ids})
    events = [RecordedEvent(*row) for row in logged]
    ways = await channels_of(session, events)
    rows = []
    for event in events:
        for user_id in sorted(user_id for user_id, wanted in ways[event.id].items() if "inbox" in wanted):
            read_at = event.at + timedelta(minutes=rng.randint(2, 600))
            is_read = event.at < now - UNREAD and rng.random() < 0.95
            rows.append(
                line_of(event, user_id)
                | {"created_at": event.at, "updated_at": event.at, "read_at": read_at if is_read else None}
            )
    await session.execute(insert(Notification.__table__), rows)
    return len(rows)
