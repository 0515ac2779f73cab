"""The environments that every project starts with."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

STARTING = {"development": 10, "staging": 20, "production": 30}

# One statement: a list of rows is sent row by row.
_START = text(
    "INSERT INTO environments (project_id, name, rank) SELECT project_id, name, rank "
    "FROM unnest(CAST(:projects AS bigint[])) AS project_id, "
    "unnest(CAST(:names AS text[]), CAST(:ranks AS int[])) AS place (name, rank)"
)


async def make_starting(session: AsyncSession, *project_ids: int) -> None:
    """For projects that are new in this transaction."""
    values = {"projects": list(project_ids), "names": list(STARTING), "ranks": list(STARTING.values())}
    await session.execute(_START, values)
