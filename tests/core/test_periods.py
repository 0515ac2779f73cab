"""The period that a URL asks for."""

import pytest

from tca_app.core.periods import DEFAULT_PERIOD, PERIODS, days_in, period_of


@pytest.mark.parametrize("text", ["", "14", "30 ", "-7", "٧", "9" * 4000])
def test_what_is_no_period_leads_to_the_default(text: str) -> None:
    assert period_of(text, DEFAULT_PERIOD) == DEFAULT_PERIOD


def test_each_period_is_found_and_has_its_days() -> None:
    assert [(period_of(period, DEFAULT_PERIOD), days_in(period)) for period in PERIODS] == [
        ("7", 7),
        ("30", 30),
        ("90", 90),
    ]
