"""What a card compares its number with, in words for a wide and for a narrow card."""

from tca_app.core.language.messages import speaking
from tca_app.features.dashboard.schemas import Trend
from tca_app.features.dashboard.ui.metric_cards import Than, card_of, days_ago, previous_days

TREND = Trend(now=12, before=10, percent=20.0)


def test_a_large_change_is_said_like_a_small_one() -> None:
    card = card_of(Trend(now=1_600, before=100, percent=1500.0), [], previous_days(30))
    assert (card["change"], card["direction"]) == ("+1,500%", "up")


def test_a_narrow_card_has_shorter_words_in_each_language() -> None:
    card = card_of(TREND, [10, 12], previous_days(30))
    assert (card["change"], card["than"], card["than_short"]) == ("+20%", "vs. previous 30 days", "vs. prev. 30 d")
    assert days_ago(7) == Than("7 days ago", "7 d ago")
    with speaking("de"):
        card = card_of(TREND, [10, 12], previous_days(30))
        assert (card["than"], card["than_short"]) == ("vs. den 30 Tagen davor", "vs. 30 T davor")
        assert card_of(TREND, [10, 12], days_ago(30))["than_short"] == "vs. vor 30 T"
