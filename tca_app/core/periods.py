"""The periods that figures are shown for: the last 7, 30 or 90 days (UTC), today included, or days of one's choice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

from tca_app.core.filters import parse_day

Period = Literal["7", "30", "90"]
PERIODS: tuple[Period, ...] = get_args(Period)
DEFAULT_PERIOD: Period = "30"
MAX_DAYS = 366  # how far back days can be chosen


def period_of(text: str, otherwise: Period) -> Period:
    """The period that a URL asks for."""
    return next((period for period in PERIODS if period == text), otherwise)


def days_in(period: Period) -> int:
    return int(period)


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days in UTC, both ends included."""

    since: date
    until: date

    @classmethod
    def last(cls, days: int) -> "DayRange":
        today = datetime.now(UTC).date()
        return cls(today - timedelta(days=days - 1), today)

    @classmethod
    def of(cls, since: str, until: str) -> "DayRange | None":
        """The days that a URL or a form names, or None: those of the last MAX_DAYS, up to today."""
        try:
            found, most = cls(parse_day(since), parse_day(until)), cls.last(MAX_DAYS)
        except ValueError:
            return None
        return found if most.since <= found.since <= found.until <= most.until else None

    @property
    def before(self) -> "DayRange":
        """As many days right before these."""
        return DayRange(self.since - timedelta(days=len(self)), self.since - timedelta(days=1))

    def in_weeks(self) -> "DayRange":
        """Whole weeks with these days at their end, of the last MAX_DAYS: 52 weeks for more days than those have."""
        days = 7 * min(-(-len(self) // 7), MAX_DAYS // 7)
        since = max(self.until - timedelta(days=days - 1), DayRange.last(MAX_DAYS).since)
        return DayRange(since, since + timedelta(days=days - 1))

    def __len__(self) -> int:
        return (self.until - self.since).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.since + timedelta(days=number) for number in range(len(self)))
