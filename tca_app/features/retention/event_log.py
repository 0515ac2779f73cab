"""Deletes events that are older than RETENTION_EVENTS_DAYS. The log stays verifiable (docs/decisions/0042)."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.database.session import lock, take_time
from tca_app.core.events.log import emit
from tca_app.core.events.verify import REMOVAL_SUMS
from tca_app.features.instance.events import EventsRemoved

BATCH = 5_000
_REMOVE = text("SELECT remove_events(:removal, :older_than, :most)")
_SUMS = text(f"SELECT {REMOVAL_SUMS} FROM event_removals WHERE removal = :removal")  # noqa: S608  constant SQL


async def remove_old_events(session: AsyncSession) -> int:
    """Delete up to about `BATCH` old events from the beginnings of their chains. Returns how many."""
    settings = get_settings()
    if not settings.retention_events_days:
        return 0
    await take_time(session)
    await lock(session, "erasure")  # an erasure counts the events that it changes
    removal, older_than = uuid4(), datetime.now(UTC) - timedelta(days=settings.retention_events_days)
    await session.execute(_REMOVE, {"removal": removal, "older_than": older_than, "most": BATCH})
    removed = (await session.execute(_SUMS, {"removal": removal})).one()
    if removed.events:
        about = {"removal": str(removal), "events": removed.events, "digest": removed.digest}
        name = settings.app_name
        await emit(
            session, None, EventsRemoved(subject_id=1, subject_name=name, older_than=older_than.isoformat(), **about)
        )
    return int(removed.events)
