"""The days of a filter as conditions of a list."""

from datetime import datetime

from sqlalchemy import ColumnElement

from tca_app.core.filters import Days, times_of


def in_days(column: ColumnElement[datetime], days: Days) -> list[ColumnElement[bool]]:
    """Returns the conditions of the days that are given. An empty time is in none of them."""
    times = times_of(days)
    since = [column >= times["since"]] if "since" in times else []
    return since + ([column < times["until"]] if "until" in times else [])
