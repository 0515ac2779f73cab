"""Projects as the rows of other features name them."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.features.projects.schemas import ProjectRef
from tca_app.models import Project

_projects = Project.__table__.c
_COLUMNS = tuple(_projects[name] for name in ProjectRef.model_fields)


async def read_refs(session: AsyncSession, ids: Iterable[int | None]) -> dict[int, ProjectRef]:
    """Returns the projects of rows that the caller may see, by their id."""
    wanted = {project_id for project_id in ids if project_id is not None}
    if not wanted:
        return {}
    rows = await session.execute(select(*_COLUMNS).where(_projects.id.in_(wanted)))
    return {row.id: ProjectRef.model_validate(row) for row in rows}
