"""The names of projects to choose from, which may be alike."""

from collections import Counter

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.display_name import distinct_names
from tca_app.models import Project

_projects = Project.__table__.c


async def distinct_labels(session: AsyncSession, names: dict[str, str]) -> dict[str, str]:
    """Returns the names by id, which the caller may see, with the slug behind a name that several of them have."""
    counts = Counter(name.casefold() for name in names.values())
    alike = [int(project_id) for project_id, name in names.items() if counts[name.casefold()] > 1]
    if not alike:
        return names
    rows = await session.execute(select(_projects.id, _projects.name, _projects.slug).where(_projects.id.in_(alike)))
    return names | {str(project_id): name for project_id, name in distinct_names([tuple(row) for row in rows]).items()}
