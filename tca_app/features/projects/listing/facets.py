"""Facets of the list of projects: the values of its filters, with their counts under the other filters."""

from typing import Any, Literal

from sqlalchemy import Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.pagination import contains, matching
from tca_app.core.display_name import display_name_sql
from tca_app.core.facets import MAX_COUNTED, MAX_FACETS, Facets, facets_of
from tca_app.features.projects import policy
from tca_app.features.projects.listing.filters import MINE
from tca_app.features.projects.listing.queries import filters_of, known_groups, select_projects, values_of
from tca_app.features.projects.queries import ACTOR, my_role
from tca_app.features.projects.schemas import ProjectQuery
from tca_app.models import Group, Project, ProjectGroup, User

ProjectField = Literal["status", "owner_id", "my_role"]
_projects, _users = Project.__table__.c, User.__table__.c
_groups, _used = Group.__table__.c, ProjectGroup.__table__.c


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
    return await _counted(session, actor, query, found)


async def count_teams(session: AsyncSession, actor: Actor, query: ProjectQuery, search: str = "") -> Facets:
    """Returns how many projects are the actor's own, as MINE, and the groups with the most. `search` finds groups."""
    policy.require(actor, "projects.list")
    others = query.model_copy(update={"mine": False, "group_id": []})
    rows = (await _select(session, actor, others)).with_only_columns(_projects.id).limit(MAX_COUNTED).subquery("seen")
    of_group = _used.project_id == rows.c.id
    found = select(_groups.id, _groups.name, func.count()).join_from(rows, ProjectGroup.__table__, of_group)
    found = found.join(Group.__table__, _groups.id == _used.group_id).where(*known_groups(actor.is_superuser))
    found = found.where(contains(func.fold_text(_groups.name), search)[0]) if search else found
    groups = await _counted(session, actor, others, found.group_by(_groups.id))
    if search:
        return groups
    own = await _select(session, actor, others.model_copy(update={"mine": True}))
    counted = select(literal(MINE), literal(""), func.count()).select_from(own.limit(MAX_COUNTED).subquery("own"))
    mine = await _counted(session, actor, others, counted)
    return groups.model_copy(update={"values": [*mine.values, *groups.values]})


async def _counted(session: AsyncSession, actor: Actor, query: ProjectQuery, found: Select[*tuple[Any, ...]]) -> Facets:
    """Returns the rows of (value, label, count) with the highest counts."""
    value, _, number = found.selected_columns
    ordered = found.order_by(number.desc(), value).limit(MAX_FACETS)
    return facets_of([(row[0], row[1], row[2]) for row in await session.execute(ordered, values_of(actor, query))])


async def _others(session: AsyncSession, actor: Actor, query: ProjectQuery, field: ProjectField) -> Select[Any]:
    """Selects the values of a field under all filters but its own."""
    rows = await _select(session, actor, query.model_copy(update={field: []}))
    return rows.with_only_columns(my_role(_projects.id) if field == "my_role" else _projects[field])


async def _select(session: AsyncSession, actor: Actor, query: ProjectQuery) -> Select[Any]:
    rows = select_projects(actor.is_superuser, filters_of(query), query.mine, query.deleted)
    return rows.where(*await matching(session, Project.__table__, query.search)) if query.search else rows


async def owner_names(session: AsyncSession, actor: Actor, ids: list[int]) -> dict[str, str]:
    """Returns the names of owners that a filter names, by id: only those of projects that the actor may see."""
    rows = select_projects(actor.is_superuser, ("owner_id",), mine=False, deleted=False)
    owners = rows.with_only_columns(_projects.owner_id).subquery("owners")
    found = select(_users.id, display_name_sql(_users)).where(_users.id.in_(select(owners.c.owner_id)))
    return {str(row[0]): row[1] for row in await session.execute(found, {"owner_id": ids, "actor_id": actor.user_id})}


async def team_names(session: AsyncSession, actor: Actor, ids: list[int]) -> dict[str, str]:
    """Returns the names of those of the groups by which the actor may filter, by id."""
    policy.require(actor, "projects.list")
    found = select(_groups.id, _groups.name).join(ProjectGroup.__table__, _used.group_id == _groups.id)
    found = found.where(_groups.id.in_(ids), *known_groups(actor.is_superuser)).distinct()
    return {str(row[0]): row[1] for row in await session.execute(found, {ACTOR.key: actor.user_id})}
