"""Formats dates, times and numbers for a person: in their time zone, and as their locale writes them.

Who asks is in context variables, which the gate sets for each event of a page. REST, commands and jobs have the
defaults, UTC and ISO 8601, unless they pass a zone and a locale.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from tca_app.core.region.locales import ISO, Locale

UTC_ZONE = ZoneInfo("UTC")
ZONE: ContextVar[ZoneInfo] = ContextVar("tca_zone", default=UTC_ZONE)
LOCALE: ContextVar[Locale] = ContextVar("tca_locale", default=ISO)


@contextmanager
def formatting(zone: ZoneInfo, locale: Locale) -> Iterator[None]:
    """Formats for another person within a block, such as the recipient of a mail."""
    marks = ZONE.set(zone), LOCALE.set(locale)
    try:
        yield
    finally:
        ZONE.reset(marks[0])
        LOCALE.reset(marks[1])


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all time zones. Two that stand for the clock of the server are left out."""
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def first_zone(*names: str | None) -> ZoneInfo:
    """Return the first zone that exists, or UTC."""
    return next((ZoneInfo(name) for name in names if name in zone_names()), UTC_ZONE)


def day_text(day: date, locale: Locale | None = None) -> str:
    """ "2026-05-04", or as the locale writes it."""
    return f"{day:{(locale or LOCALE.get()).day}}"


def moment_text(at: datetime, zone: ZoneInfo | None = None, locale: Locale | None = None) -> str:
    """ "2026-05-04 09:58", or as the locale writes it."""
    local, locale = at.astimezone(zone or ZONE.get()), locale or LOCALE.get()
    return f"{day_text(local, locale)}{locale.comma}{locale.time(local)}"


def offset_words(at: datetime) -> str:
    """Return "UTC+1" for a time in a zone, or "UTC+5:30", or "UTC"."""
    minutes = round((at.utcoffset() or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    amount = f"{hours}:{rest:02}" if rest else str(hours)
    return f"UTC{'+' if minutes > 0 else '-'}{amount}" if minutes else "UTC"


def zone_words(zone: ZoneInfo, at: datetime | None = None) -> str:
    """Return "Europe/Berlin, UTC+1": the zone with its offset at a time, now by default."""
    offset = offset_words((at or datetime.now(UTC)).astimezone(zone))
    return offset if zone.key == offset else f"{zone.key}, {offset}"


def time_words(at: datetime, zone: ZoneInfo, locale: Locale | None = None) -> str:
    """ "2026-05-04 09:58 (Europe/Berlin, UTC+2)"."""
    return f"{moment_text(at, zone, locale)} ({zone_words(zone, at)})"


def percent(value: float, digits: int = 2) -> str:
    """ "99.97%", or as the locale of the viewer writes it. It says "100%" only when it is exactly that, so for "0%"."""
    if value in (0, 100):
        return _percent(number(value))
    return _percent(number(min(value, 100 - 10**-digits), digits))


def _percent(amount: str) -> str:
    return LOCALE.get().percent.format(number=amount)


def growth(now: float, before: float) -> str:
    """ "+20%" against a number before, or "−20%", or as the locale of the viewer writes it."""
    return _percent(number(100 * (now / before - 1), sign=True))


def number(value: float, digits: int = 0, *, sign: bool = False) -> str:
    """ "1,204" or "−3", or as the locale of the viewer writes it. With `sign` a positive one has a plus."""
    locale = LOCALE.get()
    swapped = str.maketrans({",": locale.thousands, ".": locale.decimal, "-": "−"})
    return f"{value:{'+' if sign else ''},.{digits}f}".translate(swapped)
