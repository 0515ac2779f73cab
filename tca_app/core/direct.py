"""Fixed statements that nearly every write runs, handed to the driver: docs/decisions/0027 has the figures.

They run in the transaction of the session like all others, but for one that is all of its transaction (`run_last`).
What is built from conditions, or read into shapes, stays with SQLAlchemy.
"""

from collections.abc import Mapping
from typing import Any

from psycopg.rows import dict_row
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.db import alone, unknown_when_lost

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]
_ONLY = "only"


def only(session: AsyncSession) -> None:
    """Say that the service called next is all that is done in the transaction of `session`."""
    session.info[_ONLY] = True


class Direct:
    """A statement with `:name` for its values, which psycopg adapts: wrap what is meant as JSON in its `Jsonb`."""

    def __init__(self, statement: str) -> None:
        self._query = str(text(statement).compile(dialect=_DIALECT)).encode()

    async def run(self, session: AsyncSession, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Its rows by the names of their columns; none for a statement that gives none. Raises psycopg's errors, which
        `core.db.transaction` names like SQLAlchemy's."""
        connection: Any = (await session.connection()).sync_connection
        return await self._run(connection.connection.driver_connection, values)

    async def run_last(self, session: AsyncSession, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """As the last statement of a service: nothing that may fail must follow.

        When it is the first, too, and the service is all that is done in `session` (`only`), it is sent alone.
        PostgreSQL then commits it by itself: two of three round trips less.
        """
        if session.in_transaction() or not session.info.pop(_ONLY, False):
            return await self.run(session, values)
        async with alone() as driver:
            with unknown_when_lost():
                return await self._run(driver, values)

    async def _run(self, driver: Any, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        cursor = driver.cursor(row_factory=dict_row)  # of the client: it holds nothing that would have to be closed
        await cursor.execute(self._query, values)
        return await cursor.fetchall() if cursor.description else []
