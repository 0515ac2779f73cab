"""Names to show: of a user the full name, or the username without one; of projects the slug where names are alike."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func

DISPLAY_NAME_TEXT = "coalesce(nullif(users.full_name, ''), users.username)"  # for statements that are text


def display_name(user: Any) -> str:  # noqa: ANN401  any row or schema
    """Return the display name of a row or schema with the two names."""
    return str(user.full_name or user.username)


def display_name_sql(user: Any) -> ColumnElement[str]:  # noqa: ANN401  a model or its columns
    """Return the same in SQL. `user` is `User`, or the columns of the table or of an alias."""
    return func.coalesce(func.nullif(user.full_name, ""), user.username)


def distinct_names(projects: Sequence[tuple[int, str, str]]) -> dict[int, str]:
    """Return the names of projects of (id, name, slug) by id, with the slug behind a name that several of them have."""
    counts = Counter(name.casefold() for _, name, _ in projects)
    return {number: name if counts[name.casefold()] == 1 else f"{name} ({slug})" for number, name, slug in projects}
