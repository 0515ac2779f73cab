"""Spans of time in words, which need a language as well as a format."""

from datetime import datetime
from importlib import import_module
from zoneinfo import ZoneInfo

from tca_app.core.language.messages import ENGLISH, _, language
from tca_app.core.region.formats import moment_text, offset_words, time_words
from tca_app.core.region.locales import Locale


def span_words(starts_at: datetime, ends_at: datetime, zone: ZoneInfo, locale: Locale | None = None) -> str:
    """Return the span in words, with the offset at both times when the clocks change between them."""
    has_one_offset = offset_words(starts_at.astimezone(zone)) == offset_words(ends_at.astimezone(zone))
    start = (moment_text if has_one_offset else time_words)(starts_at, zone, locale)
    return _("{start} to {end}", start=start, end=time_words(ends_at, zone, locale))


def long_moment(at: datetime) -> str:
    """Return "4 May 2026, 09:58 UTC" for a time in a zone, or "4. Mai 2026, 09:58 UTC" in German."""
    if language() == ENGLISH:
        return f"{at.day} {at:%B %Y, %H:%M %Z}"
    day = import_module("babel.dates").format_date(at, "long", locale=language())
    return f"{day}, {at:%H:%M %Z}"
