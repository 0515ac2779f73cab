"""The numbers of the cards in words: a value, its trend against the period before, and a small curve by day."""

from collections.abc import Sequence
from typing import TypedDict

from tca_app.features.dashboard.schemas import DayResults, Rate, Trend
from tca_app.features.health.schemas import ScoreTrend
from tca_app.features.health.ui.charts import percent

SPARK_WIDTH, SPARK_HEIGHT = 100, 24


class Card(TypedDict):
    """A number with its trend; `direction` is "up", "down", "same" or "" when there is nothing to compare with.

    `spark` is the path of a small curve by day, "" when there is none.
    """

    value: str
    direction: str
    trend: str
    spark: str


NO_CARD = Card(value="", direction="", trend="", spark="")


def card_of(trend: Trend, days: int, by_day: Sequence[int], before: str = "") -> Card:
    """`before` names what it is compared with: the number that there was when the period began, or that of the
    period before."""
    card = Card(value=f"{trend.now:,}", direction="", trend="No data before", spark=spark(by_day))
    if trend.percent is None:
        return card
    card["direction"] = "same" if trend.now == trend.before else "up" if trend.now > trend.before else "down"
    text = "No change" if card["direction"] == "same" else f"{trend.percent:+,.1f}%"
    compared = f"{trend.before:,} in {before}" if before else f"{trend.before:,}"
    card["trend"] = f"{text}, from {compared}" if before else f"{text} in {days} days, from {compared}"
    return card


def rate_card(rate: Rate, days: int, by_day: Sequence[DayResults]) -> Card:
    """The curve has the days on which something ran to its end."""
    ended = [(day.succeeded, day.succeeded + day.failed) for day in by_day]
    curve = spark([100 * succeeded / both for succeeded, both in ended if both])
    if rate.now is None:
        return Card(value="–", direction="", trend="No completed deployments", spark="")
    card = Card(value=f"{rate.now:.1%}", direction="", trend="No data before", spark=curve)
    if rate.before is not None:
        points = round(100 * rate.now, 1) - round(100 * rate.before, 1)
        card["direction"] = "up" if points > 0.04 else "down" if points < -0.04 else "same"
        text = "No change" if card["direction"] == "same" else f"{points:+.1f} points"
        card["trend"] = f"{text}, from {rate.before:.1%} in the {days} days before"
    return card


def spark(values: Sequence[float]) -> str:
    """The path of a curve in a box of SPARK_WIDTH by SPARK_HEIGHT; "" for fewer than two values."""
    if len(values) < 2:
        return ""
    low, span = min(values), (max(values) - min(values)) or 1
    room = SPARK_HEIGHT - 2
    places = (
        f"{SPARK_WIDTH * place / (len(values) - 1):.1f} {1 + room - room * (value - low) / span:.1f}"
        for place, value in enumerate(values)
    )
    return "M" + " L".join(places)


def score_card(health: ScoreTrend) -> Card:
    """The curve has the days on which something was probed."""
    if health.now is None:
        return Card(value="–", direction="", trend="No checks", spark="")
    curve = spark([point.score for point in health.points if point.score is not None])
    card = Card(value=percent(health.now), direction="", trend="No data before", spark=curve)
    if health.before is not None:
        points = health.now - health.before
        card["direction"] = "same" if abs(points) < 0.005 else "up" if points > 0 else "down"
        text = "No change" if card["direction"] == "same" else f"{points:+.2f} points"
        card["trend"] = f"{text}, from {percent(health.before)} in the {health.days} days before"
    return card
