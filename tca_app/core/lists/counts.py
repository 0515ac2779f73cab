"""Counts the rows of a list by the value of a field, for the menu of its filter."""

from typing import Any

from sqlalchemy import ColumnElement, Select, Text, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.database.pagination import contains
from tca_app.core.facets import MAX_COUNTED, MAX_FACETS, Facets, facets_of

NO_LABEL = literal("", Text)  # of values that say themselves what they are


async def count_values(
    session: AsyncSession,
    rows: Select[*tuple[Any, ...]],
    value: ColumnElement[Any],
    label: ColumnElement[str],
    search: str = "",
) -> Facets:
    """Returns the values with the most rows; empty ones are no value. `search` finds labels."""
    seen = rows.order_by(None).with_only_columns(value.label("value"), label.label("label"))
    part = seen.where(value.is_not(None)).limit(MAX_COUNTED).subquery("seen")
    number, first = func.count(), func.max(part.c.label)
    counted = select(part.c.value, first, number).group_by(part.c.value)
    if search:
        counted = counted.where(contains(func.fold_text(part.c.label), search)[0])
    found = await session.execute(counted.order_by(number.desc(), part.c.value).limit(MAX_FACETS))
    return facets_of([(row[0], row[1], row[2]) for row in found])


async def labels_of(
    session: AsyncSession, rows: Select[*tuple[Any, ...]], value: ColumnElement[int], label: ColumnElement[str]
) -> dict[str, str]:
    """Returns the labels of the values that the rows have, which the caller has narrowed to those of a filter."""
    named = rows.order_by(None).with_only_columns(value, label).distinct().limit(MAX_COUNTED)
    return {str(row[0]): row[1] for row in await session.execute(named)}
