"""Reads a page and its total in one statement, and turns rows into read schemas."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter
from sqlalchemy import Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.database.pagination import SEARCH_TOTAL_CAP, Page

T = TypeVar("T")
Read = TypeVar("Read", bound=BaseModel)


def total_of(chosen: Select[Any], *, is_search: bool) -> Select[Any]:
    """Return a select that counts the rows of `chosen`. A search stops counting just above 10,000."""
    bare = chosen.with_only_columns(literal(1)).order_by(None)
    if is_search:
        bare = bare.limit(SEARCH_TOTAL_CAP + 1)
    return select(func.count()).select_from(bare.subquery())


async def read_page(
    session: AsyncSession,
    statement: Select[Any],
    values: dict[str, Any],
    total: Select[Any],
    make: Callable[[Sequence[Any]], list[T]],
) -> Page[T]:
    """Run a statement whose last column is the total. An empty page has no such row, so the total is read alone."""
    rows = (await session.execute(statement, values)).all()
    counted: int = rows[0][-1] if rows else (await session.execute(total, values)).scalar_one() if values["skip"] else 0
    capped = counted > SEARCH_TOTAL_CAP and bool(values.get("search"))
    return Page(make(rows), SEARCH_TOTAL_CAP if capped else counted, capped)


def to_reads(read: type[Read], rows: Iterable[Any]) -> list[Read]:
    """Validate rows as read schemas. Columns are matched to fields by name; others are ignored."""
    return _adapter(read).validate_python([row._asdict() for row in rows])


@cache
def _adapter(read: type[Read]) -> TypeAdapter[list[Read]]:
    return TypeAdapter(list[read])  # type: ignore[valid-type]
