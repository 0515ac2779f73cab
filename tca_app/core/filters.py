"""Types of the filters of lists: several values of one field, and days or times."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Protocol, TypeVar

from pydantic import BeforeValidator, Field

from tca_app.core.schema import GivenMoment, moment

T = TypeVar("T")
MAX_VALUES = 50
FIRST_YEAR, LAST_YEAR = 1970, 8999
FIRST_MOMENT = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
LAST_MOMENT = datetime(LAST_YEAR, 12, 31, 23, 59, 59, tzinfo=UTC)


def _as_list(value: object) -> object:
    """Accepts a single value, which a query with one parameter of the name gives."""
    return value if isinstance(value, list | tuple) else [] if value is None else [value]


Many = Annotated[list[T], BeforeValidator(_as_list), Field(max_length=MAX_VALUES)]
"""Any of these values; none means all. In a URL the parameter is repeated: `status=failed&status=cancelled`."""


def parse_day(text: str) -> date:
    """Returns a day such as 2026-01-31, of the years of `moment`: the last day of all has no end. Raises ValueError."""
    day = date.fromisoformat(text)
    if day.isoformat() != text or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError("must be a date such as 2026-01-31")
    return day


def _day_or_moment(value: object) -> object:
    """Parses a day or a time. Pydantic alone would accept a number of seconds too."""
    if not isinstance(value, str):
        return value
    return moment(value) if len(value) > len("2026-01-31") else parse_day(value)


def _day(value: object) -> object:
    return parse_day(value) if isinstance(value, str) else value


# The years of FIRST_YEAR to LAST_YEAR, for the document.
_GivenDay = Annotated[
    str,
    Field(
        pattern=r"^(19[7-9][0-9]|[2-8][0-9]{3})-[0-9]{2}-[0-9]{2}$",
        json_schema_extra={"format": "date"},
        examples=["2026-01-31"],
    ),
]
Day = Annotated[date, BeforeValidator(_day, json_schema_input_type=_GivenDay)]
DayOrMoment = Annotated[
    date | datetime, BeforeValidator(_day_or_moment, json_schema_input_type=_GivenDay | GivenMoment)
]


def start_of(given: date | datetime) -> datetime:
    """Returns a time as it is, and a day as its start in UTC."""
    return given if isinstance(given, datetime) else datetime.combine(given, time.min, UTC)


def end_of(given: date | datetime) -> datetime:
    """Returns a time as it is, and a day as its end in UTC: the start of the next one."""
    return given if isinstance(given, datetime) else datetime.combine(given, time.min, UTC) + timedelta(days=1)


class Days(Protocol):
    """A filter by days, both inclusive, or by times, of which `until` is exclusive."""

    @property
    def since(self) -> date | datetime | None: ...

    @property
    def until(self) -> date | datetime | None: ...


def times_of(days: Days) -> dict[str, datetime]:
    """Returns those of `since` and `until` that are given, as times. `until` is the first time that is left out."""
    times: dict[str, datetime] = {}
    if days.since is not None:
        times["since"] = start_of(days.since)
    if days.until is not None:
        times["until"] = end_of(days.until)
    return times
