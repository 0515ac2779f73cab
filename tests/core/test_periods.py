"""The period that a URL asks for."""

from datetime import timedelta

import pytest

from tca_app.core.periods import DEFAULT_PERIOD, MAX_DAYS, PERIODS, DayRange, days_in, period_of


@pytest.mark.parametrize("text", ["", "14", "30 ", "-7", "٧", "9" * 4000])
def test_what_is_no_period_leads_to_the_default(text: str) -> None:
    assert period_of(text, DEFAULT_PERIOD) == DEFAULT_PERIOD


def test_each_period_is_found_and_has_its_days() -> None:
    assert [(period_of(period, DEFAULT_PERIOD), days_in(period)) for period in PERIODS] == [
        ("7", 7),
        ("30", 30),
        ("90", 90),
    ]


def test_days_of_a_url_are_in_order_and_within_the_last_year() -> None:
    last = DayRange.last(MAX_DAYS)
    today, first = last.until.isoformat(), last.since.isoformat()
    assert DayRange.of(first, today) == last
    assert len(list(last)) == MAX_DAYS
    assert list(DayRange.last(2)) == [last.until - timedelta(days=1), last.until]
    before, after = ((day + timedelta(days=step)).isoformat() for day, step in ((last.since, -1), (last.until, 1)))
    for since, until in ((today, first), (before, today), (today, after), ("", ""), (today, ""), ("9" * 4000, today)):
        assert DayRange.of(since, until) is None


@pytest.mark.parametrize(
    ("first", "last", "weeks"), [(366, 1, 52), (365, 1, 52), (360, 3, 52), (366, 364, 1), (8, 1, 2), (7, 1, 1)]
)
def test_whole_weeks_are_days_of_the_last_year(first: int, last: int, weeks: int) -> None:
    days = DayRange.last(MAX_DAYS)
    until = days.until - timedelta(days=last - 1)
    found = DayRange(days.until - timedelta(days=first - 1), until).in_weeks()
    assert len(found) == 7 * weeks
    assert DayRange.of(found.since.isoformat(), found.until.isoformat()) == found
