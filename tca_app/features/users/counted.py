"""How many users there are, the trash left out, without counting a million rows: what the triggers of the table keep.

Each statement that changes it adds a row with its difference; docs/decisions/0026 says why.
"""

from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.models import RowCount

# Exact in every transaction: the differences are written by the transactions that make them.
TOTAL_USERS: Any = select(func.coalesce(func.sum(RowCount.value), 0)).where(col(RowCount.name) == "users")
# What is written meanwhile is not seen by this statement, so it stays.
_ADD_UP = text(
    """
    WITH parts AS (DELETE FROM row_counts RETURNING name, value)
    INSERT INTO row_counts (name, value) SELECT name, sum(value) FROM parts GROUP BY name
    """
)
_MEND = text(
    """
    WITH number AS (
      SELECT (SELECT coalesce(sum(value), 0) FROM row_counts WHERE name = 'users') AS kept,
        (SELECT count(*) FROM users WHERE deleted_at IS NULL) AS there
    ), put AS (INSERT INTO row_counts (name, value) SELECT 'users', there - kept FROM number WHERE there <> kept)
    SELECT kept, there FROM number
    """
)


async def add_up(session: AsyncSession) -> None:
    """One row in place of all of them."""
    await session.execute(_ADD_UP)


async def mend_count(session: AsyncSession) -> list[str]:
    """Compare the count with the rows and mend it; the difference in words, if there is one."""
    kept, there = (await session.execute(_MEND)).one()
    return [] if kept == there else [f"users: {kept} -> {there}"]
