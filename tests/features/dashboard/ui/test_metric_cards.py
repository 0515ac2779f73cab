"""What a card compares its number with."""

from tca_app.core.language.messages import speaking
from tca_app.features.dashboard.schemas import Trend
from tca_app.features.dashboard.ui.metric_cards import card_of, days_ago, previous_days

TREND = Trend(now=12, before=10, percent=20.0)


def test_a_large_change_is_said_like_a_small_one() -> None:
    card = card_of(Trend(now=1_600, before=100, percent=1500.0), [], previous_days(30))
    assert (card["change"], card["direction"]) == ("+1,500%", "up")


def test_a_card_says_what_it_compares_with_in_each_language() -> None:
    card = card_of(TREND, [10, 12], previous_days(30))
    assert (card["change"], card["than"]) == ("+20%", "vs. previous 30 days")
    with speaking("de"):
        assert card_of(TREND, [10, 12], previous_days(30))["than"] == "ggü. den 30 Tagen davor"
        assert card_of(TREND, [10, 12], days_ago(30))["than"] == "ggü. vor 30 Tagen"
