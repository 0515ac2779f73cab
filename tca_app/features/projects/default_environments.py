"""The default environments of a new project. Each is named after its tier."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

DEFAULT_ENVIRONMENTS = {"development": 10, "staging": 20, "production": 30}
_PLACES = ", ".join(f"('{name}', {rank})" for name, rank in DEFAULT_ENVIRONMENTS.items())
_CREATE = text(
    "INSERT INTO environments (project_id, name, rank, tier) SELECT project.id, place.name, place.rank, place.name "  # noqa: S608  constant SQL
    f"FROM unnest(CAST(:projects AS bigint[])) AS project (id) CROSS JOIN (VALUES {_PLACES}) AS place (name, rank)"
)


async def create_default_environments(session: AsyncSession, *project_ids: int) -> None:
    """Creates the default environments of projects that this transaction creates."""
    await session.execute(_CREATE, {"projects": list(project_ids)})
