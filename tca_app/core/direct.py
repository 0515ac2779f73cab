"""Fixed statements that nearly every write runs, handed to the driver: docs/decisions/0027 has the figures.

They run in the transaction of the session like all others. What is built from conditions, or read into shapes, stays
with SQLAlchemy.
"""

from collections.abc import Mapping
from typing import Any

from psycopg.rows import dict_row
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.ext.asyncio import AsyncSession

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]


class Direct:
    """A statement with `:name` for its values, which psycopg adapts: wrap what is meant as JSON in its `Jsonb`."""

    def __init__(self, statement: str) -> None:
        self._query = str(text(statement).compile(dialect=_DIALECT)).encode()

    async def run(self, session: AsyncSession, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Its rows by the names of their columns; none for a statement that gives none. Raises psycopg's errors, which
        `core.db.transaction` names like SQLAlchemy's."""
        connection: Any = (await session.connection()).sync_connection
        driver = connection.connection.driver_connection
        async with driver.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(self._query, values)
            return await cursor.fetchall() if cursor.description else []
