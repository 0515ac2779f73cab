"""The list of projects for a file: first the ids in order, then the projects of a batch."""

from typing import Any

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.csv_lines import MAX_ROWS
from tca_app.core.database.pagination import matching
from tca_app.features.projects import policy
from tca_app.features.projects.listing.queries import filters_of, ordered, paged, select_projects, values_of
from tca_app.features.projects.queries import project_read
from tca_app.features.projects.schemas import ProjectFilter, ProjectRead
from tca_app.models import Project

COLUMNS = (
    "id",
    "name",
    "slug",
    "description",
    "status",
    "repository_url",
    "owner.id",
    "owner.username",
    "owner.full_name",
    "member_count",
    "my_role",
    "created_at",
    "updated_at",
    "deleted_at",
)
_projects = Project.__table__.c


async def find_project_ids(session: AsyncSession, actor: Actor, query: ProjectFilter) -> list[int]:
    """Returns the ids of the list, at most 50,000."""
    chosen = await _select(session, actor, query)
    ids = ordered(chosen, query.sort).with_only_columns(_projects.id).limit(MAX_ROWS)
    return list((await session.execute(ids, values_of(actor, query))).scalars())


async def read_projects(session: AsyncSession, actor: Actor, query: ProjectFilter, ids: list[int]) -> list[ProjectRead]:
    """Returns those of the ids that are still in the list."""
    chosen = (await _select(session, actor, query)).where(_projects.id.in_(ids))
    statement, _ = paged(chosen, query.sort, is_search=False)
    rows = await session.execute(statement, values_of(actor, query) | {"skip": 0, "limit": len(ids)})
    return [project_read(row._mapping) for row in rows]


async def _select(session: AsyncSession, actor: Actor, query: ProjectFilter) -> Select[Any]:
    policy.require(actor, "projects.list")
    chosen = select_projects(actor.is_superuser, filters_of(query), query.mine, query.deleted)
    return chosen.where(*await matching(session, Project.__table__, query.search)) if query.search else chosen
