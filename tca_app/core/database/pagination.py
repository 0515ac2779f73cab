"""Pages of a list: the slice, its total, and search by any part of a name."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Executable,
    Select,
    String,
    bindparam,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles

T = TypeVar("T")
SEARCH_TOTAL_CAP = 10_000
COMMON_ROWS = 30_000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`capped` says that there are more rows than `total`: a search stops counting at 10,000."""

    items: list[T]
    total: int
    capped: bool = False


async def page_of(
    session: AsyncSession, rows: Select[*tuple[Any, ...]], *, skip: int, limit: int, search: str = ""
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
    # By the runs of the term, whose frequencies are known but multiplied as if they were independent, and by the term
    # itself, tried on the sample of the statistics, which sees nothing rare: each may be far too low. The limit keeps
    # each in a node of its own, whatever would run in parallel.
    rows = select(literal(1)).select_from(search_text.class_).limit(COMMON_ROWS + 1)
    plan = await session.execute(_Explain(union_all(*(rows.where(condition) for condition in (like, *runs)))))
    estimates = [part["Plan Rows"] for part in plan.scalar_one()[0]["Plan"]["Plans"]]
    return [like] if max(estimates) > COMMON_ROWS else [like, *runs]


class _Explain(Executable, ClauseElement):
    """What the planner means to do; nothing is run."""

    inherit_cache = False

    def __init__(self, statement: Any) -> None:
        self.statement = statement


@compiles(_Explain)
def _explain(element: _Explain, compiler: Any, **options: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.statement, **options)}"


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
