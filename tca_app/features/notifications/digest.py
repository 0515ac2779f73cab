"""The daily summary: who gets one, and which notifications they have not read since the last one."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.features.notifications.mails import Line
from tca_app.models import Notification

MORNING = 7  # hour, UTC
LINES = 20
_inbox = Notification.__table__.c

# Users who chose it, have not had today's and have new unread notifications. The mark commits together with the jobs.
_DUE = text(
    """
    WITH this AS (SELECT date_trunc('day', CAST(:now AS timestamptz)) + make_interval(hours => :morning) AS morning),
    due AS (
      SELECT chosen.user_id, coalesce(last.sent_at, this.morning - interval '7 days') AS since
      FROM this, notification_preferences AS chosen
      JOIN users ON users.id = chosen.user_id AND users.is_active AND users.deleted_at IS NULL
        AND users.kind = 'person'
      LEFT JOIN notification_digests AS last ON last.user_id = chosen.user_id
      WHERE chosen.kind = 'digest' AND chosen.channel = 'mail' AND chosen.is_on AND :now >= this.morning
        AND (last.sent_at IS NULL OR last.sent_at < this.morning)
        AND EXISTS (SELECT FROM notifications WHERE user_id = chosen.user_id AND read_at IS NULL
                    AND created_at > coalesce(last.sent_at, this.morning - interval '7 days'))
    ), marked AS (
      INSERT INTO notification_digests (user_id, sent_at) SELECT user_id, :now FROM due
      ON CONFLICT (user_id) DO UPDATE SET sent_at = excluded.sent_at
    )
    SELECT user_id, since FROM due ORDER BY user_id
    """
)


async def take_due(session: AsyncSession, now: datetime) -> list[tuple[int, datetime]]:
    """Returns the users whose summary is due, each with its start time, and marks them as served."""
    return [(row.user_id, row.since) for row in await session.execute(_DUE, {"now": now, "morning": MORNING})]


def is_over(day: date, now: datetime) -> bool:
    """Returns whether the next morning's summary is due, which contains everything of this one."""
    return now >= datetime.combine(day, time(MORNING), UTC) + timedelta(days=1)


async def unread_since(session: AsyncSession, user_id: int, since: datetime) -> tuple[list[Line], int]:
    """Returns the unread notifications since then, newest first, and how many are left out."""
    unread: Any = select(_inbox.title, _inbox.link).where(
        _inbox.user_id == user_id, _inbox.read_at.is_(None), _inbox.created_at > since
    )
    rows = (await session.execute(unread.order_by(_inbox.id.desc()).limit(1000))).all()
    return [Line(row.title, row.link) for row in rows[:LINES]], max(0, len(rows) - LINES)
