"""The environments that every project starts with."""

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.models import Environment

STARTING = {"development": 10, "staging": 20, "production": 30}


async def make_starting(session: AsyncSession, *project_ids: int) -> None:
    """For projects that are new in this transaction."""
    rows = [{"project_id": i, "name": name, "rank": rank} for i in project_ids for name, rank in STARTING.items()]
    await session.execute(insert(Environment.__table__), rows)
