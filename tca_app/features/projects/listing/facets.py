"""Facets of the list of projects: the values of its filters, with their counts under the other filters."""

from typing import Any, Literal

from sqlalchemy import Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.pagination import contains, matching
from tca_app.core.display_name import display_name_sql
from tca_app.core.facets import MAX_COUNTED, MAX_FACETS, Facets, facets_of
from tca_app.features.projects import policy
from tca_app.features.projects.listing.queries import FILTERS, select_projects, values_of
from tca_app.features.projects.queries import my_role
from tca_app.features.projects.schemas import ProjectQuery
from tca_app.models import Project, User

ProjectField = Literal["status", "owner_id", "my_role"]
_projects, _users = Project.__table__.c, User.__table__.c


async def count_projects(
    session: AsyncSession, actor: Actor, query: ProjectQuery, field: ProjectField, search: str = ""
) -> Facets:
    """Returns the values of a field with the most projects. `search` finds owners by name."""
    policy.require(actor, "projects.list")
    rows = (await _others(session, actor, query, field)).limit(MAX_COUNTED).subquery("seen")
    number = func.count()
    found: Select[*tuple[Any, ...]]
    if field == "owner_id":
        name = display_name_sql(_users)
        found = select(_users.id, name, number).join_from(rows, User.__table__, _users.id == rows.c.owner_id)
        found = found.where(contains(func.fold_text(name), search)[0]) if search else found
        found = found.group_by(_users.id)
    else:
        found = select(rows.c[field], literal(""), number).where(rows.c[field].is_not(None)).group_by(rows.c[field])
    ordered = found.order_by(number.desc(), found.selected_columns[0]).limit(MAX_FACETS)
    found_values = await session.execute(ordered, values_of(actor, query))
    return facets_of([(row[0], row[1], row[2]) for row in found_values])


async def _others(session: AsyncSession, actor: Actor, query: ProjectQuery, field: str) -> Select[Any]:
    """Selects the projects under all filters but the one of `field`."""
    names = tuple(name for name in FILTERS if name != field and getattr(query, name))
    rows = select_projects(actor.is_superuser, names, query.mine, query.deleted)
    if query.search:
        rows = rows.where(*await matching(session, Project.__table__, query.search))
    if field == "my_role":
        return rows.with_only_columns(my_role(_projects.id))
    return rows.with_only_columns(_projects[field])


async def owner_names(session: AsyncSession, actor: Actor, ids: list[int]) -> dict[str, str]:
    """Returns the names of owners that a filter names, by id: only those of projects that the actor may see."""
    rows = select_projects(actor.is_superuser, ("owner_id",), mine=False, deleted=False)
    owners = rows.with_only_columns(_projects.owner_id).subquery("owners")
    found = select(_users.id, display_name_sql(_users)).where(_users.id.in_(select(owners.c.owner_id)))
    return {str(row[0]): row[1] for row in await session.execute(found, {"owner_id": ids, "actor_id": actor.user_id})}
