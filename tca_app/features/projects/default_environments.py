"""The default environments of a new project. Each is named after its tier."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

DEFAULT_ENVIRONMENTS = {"development": 10, "staging": 20, "production": 30}


def default_environments(new: str) -> str:
    """Returns the statement that creates the environments for each row of `new`, for use in a larger statement too."""
    places = ", ".join(f"('{name}', {rank})" for name, rank in DEFAULT_ENVIRONMENTS.items())
    return (
        "INSERT INTO environments (project_id, name, rank, tier) "  # noqa: S608  constant SQL
        f"SELECT id, place.name, place.rank, place.name FROM {new} CROSS JOIN (VALUES {places}) AS place (name, rank)"
    )


_START = text(default_environments("unnest(CAST(:projects AS bigint[])) AS new (id)"))


async def create_default_environments(session: AsyncSession, *project_ids: int) -> None:
    """Creates the default environments of projects that this transaction creates."""
    await session.execute(_START, {"projects": list(project_ids)})
