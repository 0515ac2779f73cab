"""The periods that figures are shown for: the last 7, 30 or 90 days (UTC), today included."""

from typing import Literal, get_args

Period = Literal["7", "30", "90"]
PERIODS: tuple[Period, ...] = get_args(Period)
DEFAULT_PERIOD: Period = "30"


def period_of(text: str, otherwise: Period) -> Period:
    """The period that a URL asks for."""
    return next((period for period in PERIODS if period == text), otherwise)


def days_in(period: Period) -> int:
    return int(period)
