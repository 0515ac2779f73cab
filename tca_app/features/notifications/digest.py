"""The daily summary: who gets one, and which notifications they have not read since the last one."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.features.notifications.mails import Line
from tca_app.features.notifications.reader import zone_of_reader
from tca_app.features.notifications.wording import titles_of
from tca_app.models import Notification

MORNING = 7  # hour, in the time zone of the reader
LINES = 20
_inbox = Notification.__table__.c

# Users who chose it, have not had today's and have new unread notifications. The mark commits together with the jobs.
_DUE = text(
    """
    WITH this AS (
      SELECT zone, morning
      FROM unnest(CAST(:zones AS text[]), CAST(:mornings AS timestamptz[])) AS zoned (zone, morning)
    ), due AS (
      SELECT chosen.user_id, this.zone, coalesce(last.sent_at, this.morning - interval '7 days') AS since
      FROM notification_preferences AS chosen
      JOIN users ON users.id = chosen.user_id AND users.is_active AND users.deleted_at IS NULL
        AND users.kind = 'person'
      JOIN this ON this.zone = coalesce(users.time_zone, '')
      LEFT JOIN notification_digests AS last ON last.user_id = chosen.user_id
      WHERE chosen.kind = 'digest' AND chosen.channel = 'mail' AND chosen.is_on AND :now >= this.morning
        AND (last.sent_at IS NULL OR last.sent_at < this.morning)
        AND EXISTS (SELECT FROM notifications WHERE user_id = chosen.user_id AND read_at IS NULL
                    AND created_at > coalesce(last.sent_at, this.morning - interval '7 days'))
    ), marked AS (
      INSERT INTO notification_digests (user_id, sent_at) SELECT user_id, :now FROM due
      ON CONFLICT (user_id) DO UPDATE SET sent_at = excluded.sent_at
    )
    SELECT user_id, since, zone FROM due ORDER BY user_id
    """
)


_ZONES = text(
    "SELECT DISTINCT coalesce(time_zone, '') FROM notification_preferences JOIN users ON users.id = user_id "
    "WHERE notification_preferences.kind = 'digest' AND is_on"
)


@dataclass(frozen=True, slots=True)
class Due:
    """A summary that is due: whose, since when, and the day that it is in their time zone."""

    user_id: int
    since: datetime
    day: date


async def take_due(session: AsyncSession, now: datetime) -> list[Due]:
    """Returns the summaries that are due, and marks them as served.

    The mornings are computed here, because PostgreSQL may not know a zone that Python knows.
    """
    zones = list((await session.execute(_ZONES)).scalars())
    days = {name: now.astimezone(zone_of_reader(name)).date() for name in zones}
    mornings = [_morning(days[name], zone_of_reader(name)) for name in zones]
    rows = await session.execute(_DUE, {"now": now, "zones": zones, "mornings": mornings})
    return [Due(row.user_id, row.since, days[row.zone]) for row in rows]


def _morning(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(MORNING), zone).astimezone(UTC)


def is_over(day: date, now: datetime, zone: ZoneInfo) -> bool:
    """Returns whether the next morning's summary is due, which contains everything of this one."""
    return now >= _morning(day + timedelta(days=1), zone)


async def unread_since(session: AsyncSession, user_id: int, since: datetime) -> tuple[list[Line], int]:
    """Returns the unread notifications since then, newest first, and how many are left out."""
    unread: Any = select(_inbox.event_id, _inbox.kind, _inbox.title, _inbox.body, _inbox.link).where(
        _inbox.user_id == user_id, _inbox.read_at.is_(None), _inbox.created_at > since
    )
    rows = (await session.execute(unread.order_by(_inbox.id.desc()).limit(1000))).all()
    titles = await titles_of(session, rows[:LINES])
    lines = [Line(title, row.link) for title, row in zip(titles, rows, strict=False)]
    return lines, max(0, len(rows) - LINES)
