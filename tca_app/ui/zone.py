"""The time zone and the locale of the viewer, and conversions of times in that zone.

What the person chose in Settings comes first, then what the browser names: cookies that assets/console/times.js sets
before the live connection opens. REST and exports use UTC.
"""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from tca_app.core.errors import Invalid
from tca_app.core.instance import instance_settings
from tca_app.core.language.messages import _, language
from tca_app.core.region.formats import (
    LOCALE,
    ZONE,
    first_zone,
    time_words as time_words,
    zone_words as zone_words,
)
from tca_app.core.region.locales import Locale, locale_in, locale_of
from tca_app.core.region.spans import span_words as span_words
from tca_app.core.security.tokens import cookie_in
from tca_app.ui.handlers import CALL

ZONE_COOKIE, LOCALE_COOKIE = "time_zone", "locale"
_MINUTES = "%Y-%m-%dT%H:%M"  # the format of a field of type datetime-local


def zone_of(router_data: dict[str, Any]) -> ZoneInfo:
    """Returns the time zone of the person who sent an event, of their browser, or of the instance."""
    actor = CALL.get().actor
    chosen = actor.time_zone if actor else ""
    return first_zone(chosen, _cookie(router_data, ZONE_COOKIE), instance_settings().time_zone)


def locale_of_viewer(router_data: dict[str, Any]) -> Locale:
    """Returns the locale of the person who sent an event, or that of the page's language as their browser writes it."""
    actor = CALL.get().actor
    if actor and actor.locale:
        return locale_of(actor.locale)
    return locale_in(language(), _cookie(router_data, LOCALE_COOKIE))


def format_for_viewer(router_data: dict[str, Any]) -> None:
    """Makes the running event format times and numbers for the person who sent it."""
    ZONE.set(zone_of(router_data))
    LOCALE.set(locale_of_viewer(router_data))


def _cookie(router_data: dict[str, Any], name: str) -> str:
    return cookie_in(router_data.get("headers", {}).get("cookie", ""), name)


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
        raise Invalid.at(name, _("Enter a date and a time.")) from None
    if at.astimezone(zone).replace(tzinfo=None) != typed:
        raise Invalid.at(name, _("The clocks skip this time in {zone}. Enter another one.", zone=zone.key))
    return at
