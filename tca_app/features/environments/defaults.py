"""The environments that every project starts with. Each is called as its tier."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

STARTING = {"development": 10, "staging": 20, "production": 30}


def starting_of(new: str) -> str:
    """The statement that gives each row of `new` (with an id) its environments: also as a part of a larger one."""
    places = ", ".join(f"('{name}', {rank})" for name, rank in STARTING.items())
    return (
        "INSERT INTO environments (project_id, name, rank, tier) "  # noqa: S608  text of ours
        f"SELECT id, place.name, place.rank, place.name FROM {new} CROSS JOIN (VALUES {places}) AS place (name, rank)"
    )


_START = text(starting_of("unnest(CAST(:projects AS bigint[])) AS new (id)"))


async def make_starting(session: AsyncSession, *project_ids: int) -> None:
    """For projects that are new in this transaction."""
    await session.execute(_START, {"projects": list(project_ids)})
