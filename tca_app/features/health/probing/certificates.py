"""Warnings before the TLS certificate of a component expires: once for each threshold and certificate."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.events.log import emit
from tca_app.core.plurals import plural
from tca_app.features.health.events import CertificateExpiring, Subject

THRESHOLDS = (3, 14, 30)  # days
# A renewed certificate has another end, so it starts anew. What is known of expired ones is dropped on the way.
_REMEMBER = text(
    """
    WITH expired AS (
      DELETE FROM certificate_warnings WHERE check_id = :check_id AND certificate_until < CAST(:at AS timestamptz)
    )
    INSERT INTO certificate_warnings (check_id, certificate_until, days) VALUES (:check_id, :until, :days)
    ON CONFLICT DO NOTHING RETURNING days
    """
)


def threshold_of(until: datetime, now: datetime) -> int | None:
    """Returns the nearest threshold that has been passed. An expired certificate fails the connection instead."""
    return next((days for days in THRESHOLDS if timedelta() < until - now <= timedelta(days=days)), None)


def time_left(until: datetime, now: datetime) -> str:
    """ "12 days", or "less than a day"."""
    days = (until - now).days
    return plural(days, "day") if days > 0 else "less than a day"


async def warn_of_expiry(session: AsyncSession, at: datetime, check: Subject, until: datetime) -> None:
    """Emits a warning when the certificate has passed a threshold that it was not warned of before."""
    days = threshold_of(until, at)
    if days is None:
        return
    values = {"check_id": check.check_id, "until": until, "days": days, "at": at}
    if (await session.execute(_REMEMBER, values)).first() is not None:
        event = CertificateExpiring.of(check, left=time_left(until, at), expires_on=f"{until:%Y-%m-%d}", days=days)
        await emit(session, None, event)
