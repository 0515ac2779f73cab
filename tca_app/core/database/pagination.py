"""Pagination of lists: the rows of a page, the total, and substring search."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Executable,
    Row,
    Select,
    String,
    Table,
    bindparam,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

T = TypeVar("T")
SEARCH_TOTAL_CAP = 10_000
COMMON_ROWS = 30_000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. `capped` means that there are more rows than `total`: a search stops counting at 10,000."""

    items: list[T]
    total: int
    capped: bool = False


async def page_of(
    session: AsyncSession, rows: Select[*tuple[Any, ...]], *, skip: int, limit: int, search: str = ""
) -> tuple[list[Row[*tuple[Any, ...]]], int, bool]:
    """Return the rows of one page of an ordered select, the total, and whether the count was capped.

    Counting every match of a common syllable in a million rows takes longer than finding the first page, so a
    search counts to 10,000 and says "more". Without a search the total is exact.
    """
    page = (await session.execute(rows.offset(skip).limit(limit))).all()
    if skip == 0 and len(page) < limit:
        return list(page), len(page), False
    bare = rows.order_by(None).with_only_columns(literal(1))
    if search:
        bare = bare.limit(SEARCH_TOTAL_CAP + 1)
    total = (await session.execute(select(func.count()).select_from(bare.subquery()))).scalar_one()
    return list(page), min(total, SEARCH_TOTAL_CAP) if search else total, bool(search) and total > SEARCH_TOTAL_CAP


async def matching(session: AsyncSession, table: Table, term: str) -> list[ColumnElement[bool]]:
    """Return conditions for rows whose `search_text` contains `term`, in the form that is fastest for its frequency.

    A rare term uses the n-gram index. A common term does not: reading in list order finds its rows soon, while the
    index would have to intersect long posting lists first. The planner's row estimate decides.
    """
    like, *runs = contains(table.c.search_text, term)
    if not runs:
        return [like]
    # Two estimates: from the n-grams, which the planner wrongly treats as independent, and from the term itself, tested
    # on the statistics sample, which misses rare values. Each may be far too low. The limit keeps each estimate in a
    # plan node of its own, even in a parallel plan.
    rows = select(literal(1)).select_from(table).limit(COMMON_ROWS + 1)
    plan = await session.execute(_Explain(union_all(*(rows.where(condition) for condition in (like, *runs)))))
    estimates = [part["Plan Rows"] for part in plan.scalar_one()[0]["Plan"]["Plans"]]
    return [like] if max(estimates) > COMMON_ROWS else [like, *runs]


class _Explain(Executable, ClauseElement):
    """EXPLAIN of a statement: returns the plan without running it."""

    inherit_cache = False

    def __init__(self, statement: ClauseElement) -> None:
        self.statement = statement


@compiles(_Explain)
def _explain(element: _Explain, compiler: SQLCompiler, **options: object) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.statement, **options)}"


def contains(search_text: ColumnElement[str], term: str) -> list[ColumnElement[bool]]:
    """Return conditions for rows whose folded text contains `term`. `%`, `_` and the backslash are literal."""
    # Rendered as a literal (quoted by SQLAlchemy): the best plan depends on the frequency of the term, which a generic
    # prepared plan does not know.
    folded = func.fold_text(bindparam(None, term, type_=String, literal_execute=True))
    escaped = folded
    for character in ("\\", "%", "_"):
        escaped = func.replace(escaped, character, "\\" + character)
    conditions: list[ColumnElement[bool]] = [search_text.like(literal("%") + escaped + literal("%"), escape="\\")]
    if len(term) > 1:
        conditions.append(func.text_grams(search_text).op("@>")(func.query_grams(folded)))
    return conditions
