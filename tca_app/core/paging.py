"""Pages of a list: the slice, its total, and search by any part of a name."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, String, bindparam, func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession

T = TypeVar("T")
SEARCH_TOTAL_CAP = 10_000
COMMON_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`capped` says that there are more rows than `total`: a search stops counting at 10,000."""

    items: list[T]
    total: int
    capped: bool = False


async def page_of(
    session: AsyncSession, rows: Select[Any], *, skip: int, limit: int, search: str = ""
) -> tuple[list[Any], int, bool]:
    """The rows of one page of an ordered select, the total, and whether the count was cut short.

    Counting every match of a common syllable in a million rows takes longer than finding the first page, so a
    search counts to 10,000 and says "more". Without a search the total is exact.
    """
    found = (await session.execute(rows.offset(skip).limit(limit))).all()
    if skip == 0 and len(found) < limit:
        return list(found), len(found), False
    bare = rows.order_by(None).with_only_columns(literal(1))
    if search:
        bare = bare.limit(SEARCH_TOTAL_CAP + 1)
    total = (await session.execute(select(func.count()).select_from(bare.subquery()))).scalar_one()
    return list(found), min(total, SEARCH_TOTAL_CAP) if search else total, bool(search) and total > SEARCH_TOTAL_CAP


async def matching(session: AsyncSession, search_text: Any, term: str) -> list[ColumnElement[bool]]:
    """Conditions for rows whose folded text has `term` in it, in the form that is fast for how common it is.

    A rare term is found through the index of runs. A common one is not: its rows are met soon by reading in the order
    of the list, while their long posting lists would all have to be joined first. The planner's estimate tells.
    """
    like, *runs = contains(search_text, term)
    if not runs:
        return [like]
    table = search_text.class_.__tablename__
    estimate = text(
        f"EXPLAIN (FORMAT JSON) SELECT FROM {table} "
        "WHERE text_grams(search_text) @> query_grams(fold_text(CAST(:term AS text)))"
    )
    plan = (await session.execute(estimate, {"term": term})).scalar_one()
    return [like] if plan[0]["Plan"]["Plan Rows"] > COMMON_ROWS else [like, *runs]


def contains(search_text: Any, term: str) -> list[ColumnElement[bool]]:
    """Conditions for rows whose folded text has `term` in it; `%`, `_` and the backslash stand for themselves."""
    # Rendered as a literal (quoted by SQLAlchemy): the best plan depends on how rare the term is, which a plan prepared
    # for any term cannot know.
    folded = func.fold_text(bindparam(None, term, type_=String, literal_execute=True))
    escaped = folded
    for character in ("\\", "%", "_"):
        escaped = func.replace(escaped, character, "\\" + character)
    conditions: list[ColumnElement[bool]] = [search_text.like(literal("%") + escaped + literal("%"), escape="\\")]
    if len(term) > 1:
        conditions.append(func.text_grams(search_text).op("@>")(func.query_grams(folded)))
    return conditions
