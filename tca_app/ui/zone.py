"""The time zone of the viewer, and conversions of times in it.

The browser sends it in a cookie, which assets/console/times.js sets before the live connection opens. REST, exports
and mails use UTC.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from tca_app.core.errors import Invalid
from tca_app.core.instance import instance_settings
from tca_app.core.security.tokens import cookie_in

COOKIE = "time_zone"
_MINUTES = "%Y-%m-%dT%H:%M"  # the format of a field of type datetime-local


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_of(router_data: dict[str, Any]) -> ZoneInfo:
    """Returns the time zone of the tab that sent an event, or that of the instance when its browser names none."""
    name = cookie_in(router_data.get("headers", {}).get("cookie", ""), COOKIE)
    return ZoneInfo(name if name in _names() else instance_settings().time_zone)


def offset_words(at: datetime) -> str:
    """Returns "UTC+1" for a time in a zone, or "UTC+5:30", or "UTC"."""
    minutes = round((at.utcoffset() or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    amount = f"{hours}:{rest:02}" if rest else str(hours)
    return f"UTC{'+' if minutes > 0 else '-'}{amount}" if minutes else "UTC"


def zone_words(zone: ZoneInfo, at: datetime | None = None) -> str:
    """Returns "Europe/Berlin, UTC+1": the zone with its offset at a time, now by default."""
    offset = offset_words((at or datetime.now(UTC)).astimezone(zone))
    return offset if zone.key == offset else f"{zone.key}, {offset}"


def time_words(at: datetime, zone: ZoneInfo) -> str:
    """ "2026-05-04 09:58 (Europe/Berlin, UTC+2)"."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M} ({zone_words(zone, at)})"


def span_words(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> str:
    """Returns the span in words, with the offset at both times when the clocks change between them."""
    if offset_words(starts_at.astimezone(zone)) == offset_words(ends_at.astimezone(zone)):
        return f"{starts_at.astimezone(zone):%Y-%m-%d %H:%M} to {time_words(ends_at, zone)}"
    return f"{time_words(starts_at, zone)} to {time_words(ends_at, zone)}"


def today_in(zone: ZoneInfo) -> date:
    return datetime.now(zone).date()


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """Returns when a day starts in the zone, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def field_of(at: datetime, zone: ZoneInfo) -> str:
    """Formats a time for a field of type datetime-local."""
    return at.astimezone(zone).strftime(_MINUTES)


def time_in_field(name: str, text: str, zone: ZoneInfo, *, is_end: bool = False) -> datetime:
    """Parses a field of type datetime-local, in UTC. Raises Invalid at the field.

    A time that occurs twice, when the clocks go back, is the first one, or the second one for an end, so that a window
    covers both. A time that the clocks skip is refused.
    """
    try:
        typed = datetime.strptime(text, _MINUTES)  # noqa: DTZ007
        at = typed.replace(tzinfo=zone, fold=int(is_end)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid.at(name, "Enter a date and a time.") from None
    if at.astimezone(zone).replace(tzinfo=None) != typed:
        raise Invalid.at(name, f"The clocks skip this time in {zone.key}. Enter another one.")
    return at
