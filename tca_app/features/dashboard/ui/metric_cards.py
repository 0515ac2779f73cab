"""Formats the numbers of the cards: a value, its trend against an earlier value in one line, and a sparkline by day."""

from collections.abc import Sequence
from typing import TypedDict

from tca_app.core.language.messages import _
from tca_app.core.region.formats import growth, number, percent
from tca_app.features.dashboard.schemas import DayResults, Rate, Trend
from tca_app.features.health.schemas import ScoreTrend
from tca_app.ui.components.sparks import spark_path

LEAST_POINTS = 5  # a curve of percentages fills its height only when it varies by more


class Card(TypedDict):
    """A number with its trend. `direction` is "up", "down", "same", or "" when there is nothing to compare with.

    `change` is the trend, `than` what it is compared with, `was` both with the earlier value.
    `tone` is "good" or "bad" where a direction means that. `spark` is the path of a sparkline by day, or "".
    """

    value: str
    direction: str
    tone: str
    change: str
    than: str
    was: str
    spark: str


NO_CARD = Card(value="", direction="", tone="", change="", than="", was="", spark="")


def card_of(trend: Trend, by_day: Sequence[int], than: str) -> Card:
    """Returns the card of a count. `than` names the earlier value."""
    card = _card(number(trend.now), _("No earlier data"), spark_path(by_day))
    if trend.percent is None:
        return card
    return _compared(card, trend.now - trend.before, growth(trend.now, trend.before), than, number(trend.before))


def days_ago(days: int) -> str:
    return _("{days} days ago", days=days)


def previous_days(days: int) -> str:
    return _("previous day") if days == 1 else _("previous {days} days", days=days)


def rate_card(rate: Rate, days: int, by_day: Sequence[DayResults]) -> Card:
    """Returns the card of a rate. The sparkline has the days on which a deployment succeeded or failed."""
    if rate.now is None:
        return _card("–", _("No completed deployments"))
    ended = [(day.succeeded, day.succeeded + day.failed) for day in by_day]
    curve = spark_path([100 * succeeded / both for succeeded, both in ended if both], LEAST_POINTS)
    card = _card(percent(100 * rate.now, 1), _("No earlier data"), curve)
    if rate.before is None:
        return card
    points = round(100 * rate.now, 1) - round(100 * rate.before, 1)
    change = points if abs(points) > 0.04 else 0
    words, before = _("{points} pts", points=number(points, 1, sign=True)), percent(100 * rate.before, 1)
    card = _compared(card, change, words, previous_days(days), before)
    return _judged(card)


def score_card(health: ScoreTrend) -> Card:
    """Returns the card of the score. The sparkline has the days on which something was probed."""
    if health.now is None:
        return _card("–", _("No checks"))
    curve = spark_path([point.score for point in health.points if point.score is not None], LEAST_POINTS)
    card = _card(percent(health.now), _("No earlier data"), curve)
    if health.before is None:
        return card
    points = health.now - health.before
    change = points if abs(points) >= 0.005 else 0
    card = _compared(
        card,
        change,
        _("{points} pts", points=number(points, 2, sign=True)),
        previous_days(health.days),
        percent(health.before),
    )
    return _judged(card)


def _card(value: str, change: str, spark: str = "") -> Card:
    return Card(value=value, direction="", tone="", change=change, than="", was="", spark=spark)


def _compared(card: Card, change: float, words: str, than: str, before: str) -> Card:
    card["direction"] = "up" if change > 0 else "down" if change < 0 else "same"
    card["change"], card["than"] = (words if change else _("No change")), _("vs. {than}", than=than)
    card["was"] = _("{change} vs. {than} ({before})", change=card["change"], than=than, before=before)
    return card


def _judged(card: Card) -> Card:
    """The tone of a change: a higher rate is good and a lower one bad, more or fewer deployments are neither."""
    card["tone"] = {"up": "good", "down": "bad"}.get(card["direction"], "")
    return card
