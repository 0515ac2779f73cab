"""The viewer's time zone: taken from the browser, used for what is shown and typed."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tca_app.core.errors import Invalid
from tca_app.core.periods import DayRange
from tca_app.core.region.formats import ZONE
from tca_app.ui.components.day_zoom import utc_day_words
from tca_app.ui.zone import field_of, span_words, start_of, time_in_field, time_words, today_in, zone_of, zone_words

BERLIN = ZoneInfo("Europe/Berlin")
WINTER, SUMMER = datetime(2026, 1, 15, 12, 30, tzinfo=UTC), datetime(2026, 7, 15, 12, 30, tzinfo=UTC)


def tab(cookie: str) -> dict[str, Any]:
    return {"headers": {"cookie": cookie}}


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        ("theme=dark; time_zone=Europe/Berlin", "Europe/Berlin"),
        ("time_zone=Asia/Calcutta", "Asia/Calcutta"),  # an older name, which browsers still give
        ("time_zone=America/Argentina/Buenos_Aires; x=y", "America/Argentina/Buenos_Aires"),
        ("time_zone=Etc/Unknown", "UTC"),
        ("time_zone=../../etc/passwd", "UTC"),
        ("time_zone=" + "a" * 4000, "UTC"),
        ("time_zone=", "UTC"),
        ("", "UTC"),
    ],
)
def test_the_browser_names_the_zone_and_anything_else_is_utc(cookie: str, expected: str) -> None:
    assert zone_of(tab(cookie)).key == expected
    assert zone_of({}).key == "UTC"


@pytest.mark.parametrize(
    ("zone", "at", "expected"),
    [
        ("Europe/Berlin", WINTER, "Europe/Berlin, UTC+1"),
        ("Europe/Berlin", SUMMER, "Europe/Berlin, UTC+2"),
        ("America/St_Johns", WINTER, "America/St_Johns, UTC-3:30"),
        ("Asia/Kolkata", WINTER, "Asia/Kolkata, UTC+5:30"),
        ("Europe/London", WINTER, "Europe/London, UTC"),
        ("UTC", WINTER, "UTC"),
    ],
)
def test_a_zone_is_named_with_its_offset(zone: str, at: datetime, expected: str) -> None:
    assert zone_words(ZoneInfo(zone), at) == expected


def test_a_time_and_a_span_are_shown_in_the_zone() -> None:
    assert time_words(SUMMER, BERLIN) == "2026-07-15 14:30 (Europe/Berlin, UTC+2)"
    assert span_words(SUMMER, SUMMER, BERLIN) == "2026-07-15 14:30 to 2026-07-15 14:30 (Europe/Berlin, UTC+2)"
    assert span_words(WINTER, SUMMER, BERLIN) == (
        "2026-01-15 13:30 (Europe/Berlin, UTC+1) to 2026-07-15 14:30 (Europe/Berlin, UTC+2)"
    )


def test_the_day_of_the_viewer_begins_at_their_midnight() -> None:
    kiritimati, pago = ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago")
    assert (today_in(kiritimati) - today_in(pago)).days in (1, 2)
    assert start_of(WINTER.date(), BERLIN) == datetime(2026, 1, 14, 23, tzinfo=UTC)


def test_what_is_typed_is_what_was_shown() -> None:
    for at in (WINTER, SUMMER):
        assert time_in_field("starts_at", field_of(at, BERLIN), BERLIN) == at


def test_a_time_that_the_clocks_skip_is_refused_at_its_field() -> None:
    with pytest.raises(Invalid) as refusal:
        time_in_field("starts_at", "2026-03-29T02:30", BERLIN)
    detail = "The clocks skip this time in Europe/Berlin. Enter another one."
    assert refusal.value.field_details == {"starts_at": detail}


def test_a_time_that_comes_twice_is_within_the_window() -> None:
    starts, ends = (time_in_field("x", "2026-10-25T02:30", BERLIN, is_end=is_end) for is_end in (False, True))
    assert (starts, ends) == (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC))


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-02-30T10:00", "2026-01-01T10:00Z", "0001-01-01T00:00"])
def test_what_is_no_time_is_refused_at_its_field(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        time_in_field("ends_at", text, BERLIN)
    assert refusal.value.field_details == {"ends_at": "Enter a date and a time."}


@pytest.mark.parametrize(
    ("zone", "month", "words"),
    [
        ("UTC", 7, "Days in UTC."),
        ("Africa/Accra", 7, "Days in UTC."),
        ("Asia/Kolkata", 7, "Days in UTC: each starts at 05:30 your time."),
        ("America/New_York", 7, "Days in UTC: each starts at 20:00 your time."),
        ("Europe/London", 1, "Days in UTC."),
        ("Europe/London", 7, "Days in UTC: each starts at 01:00 your time."),
        ("Europe/London", 3, "Days in UTC: each starts at 00:00 or 01:00 your time."),
    ],
)
def test_charts_say_when_their_days_start_for_the_viewer(zone: str, month: int, words: str) -> None:
    before = ZONE.set(ZoneInfo(zone))
    assert utc_day_words(DayRange(date(2026, month, 2), date(2026, month, 31))) == words
    ZONE.reset(before)
