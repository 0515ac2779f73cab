"""The display name of a user: the full name, or the username of a user without one."""

from typing import Any

from sqlalchemy import ColumnElement, func

DISPLAY_NAME_TEXT = "coalesce(nullif(users.full_name, ''), users.username)"  # for statements that are text


def display_name(user: Any) -> str:  # noqa: ANN401  any row or schema
    """Return the display name of a row or schema with the two names."""
    return str(user.full_name or user.username)


def display_name_sql(user: Any) -> ColumnElement[str]:  # noqa: ANN401  a model or its columns
    """Return the same in SQL. `user` is `User`, or the columns of the table or of an alias."""
    return func.coalesce(func.nullif(user.full_name, ""), user.username)
