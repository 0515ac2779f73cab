"""When the trash is purged: after the days of RETENTION_TRASH_DAYS, in the next hourly run."""

from datetime import UTC, datetime, timedelta

from tca_app.config.settings import get_settings
from tca_app.core.language.messages import _, ngettext

PURGE_MINUTE = 37  # of each hour
_HOUR = timedelta(hours=1)


def purge_time(deleted_at: datetime) -> datetime | None:
    """Return when the run begins that purges a row, or None when the trash is kept for ever."""
    days = get_settings().retention_trash_days
    if not days:
        return None
    due = deleted_at.astimezone(UTC) + timedelta(days=days)
    run = due.replace(minute=PURGE_MINUTE, second=0, microsecond=0)
    return run if run > due else run + _HOUR


def trash_text(noun: str) -> str:
    """Return what an empty trash says."""
    days = get_settings().retention_trash_days
    period = ngettext(" for {count} day", " for {count} days", days) if days else ""
    return _("Deleted {noun} stay here{period} and can be restored.", noun=noun, period=period)
