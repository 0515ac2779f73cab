"""Formats the numbers of the cards: a value, its trend against the previous period, and a sparkline by day."""

from collections.abc import Sequence
from typing import TypedDict

from tca_app.features.dashboard.schemas import DayResults, Rate, Trend
from tca_app.features.health.schemas import ScoreTrend
from tca_app.features.health.ui.charts import percent
from tca_app.ui.components.sparks import spark_path


class Card(TypedDict):
    """A number with its trend. `direction` is "up", "down", "same", or "" when there is nothing to compare with.

    `spark` is the path of a sparkline by day, or "" when there is none.
    """

    value: str
    direction: str
    trend: str
    spark: str


NO_CARD = Card(value="", direction="", trend="", spark="")


def card_of(trend: Trend, days: int, by_day: Sequence[int], before: str = "") -> Card:
    """Returns the card of a count. `before` names the value to compare with: the count at the start of the period, or
    the count of the previous period."""
    card = Card(value=f"{trend.now:,}", direction="", trend="No earlier data", spark=spark_path(by_day))
    if trend.percent is None:
        return card
    card["direction"] = "same" if trend.now == trend.before else "up" if trend.now > trend.before else "down"
    text = "No change" if card["direction"] == "same" else f"{trend.percent:+,.1f}%"
    card["trend"] = f"{text} vs. {before or f'{days} days ago'} ({trend.before:,})"
    return card


def rate_card(rate: Rate, days: int, by_day: Sequence[DayResults]) -> Card:
    """Returns the card of a rate. The sparkline has the days on which a deployment succeeded or failed."""
    ended = [(day.succeeded, day.succeeded + day.failed) for day in by_day]
    curve = spark_path([100 * succeeded / both for succeeded, both in ended if both])
    if rate.now is None:
        return Card(value="–", direction="", trend="No completed deployments", spark="")
    card = Card(value=f"{rate.now:.1%}", direction="", trend="No earlier data", spark=curve)
    if rate.before is not None:
        points = round(100 * rate.now, 1) - round(100 * rate.before, 1)
        card["direction"] = "up" if points > 0.04 else "down" if points < -0.04 else "same"
        text = "No change" if card["direction"] == "same" else f"{points:+.1f} points"
        card["trend"] = f"{text} vs. previous {days} days ({rate.before:.1%})"
    return card


def score_card(health: ScoreTrend) -> Card:
    """Returns the card of the score. The sparkline has the days on which something was probed."""
    if health.now is None:
        return Card(value="–", direction="", trend="No checks", spark="")
    curve = spark_path([point.score for point in health.points if point.score is not None])
    card = Card(value=percent(health.now), direction="", trend="No earlier data", spark=curve)
    if health.before is not None:
        points = health.now - health.before
        card["direction"] = "same" if abs(points) < 0.005 else "up" if points > 0 else "down"
        text = "No change" if card["direction"] == "same" else f"{points:+.2f} points"
        card["trend"] = f"{text} vs. previous {health.days} days ({percent(health.before)})"
    return card
