"""Facets of the list of deployments: the values of its filters, with their counts under the other filters."""

from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, Subquery, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.pagination import contains
from tca_app.core.display_name import display_name_sql
from tca_app.core.facets import MAX_COUNTED, MAX_FACETS, Facets, facets_of
from tca_app.features.deployments.listing.groups import known
from tca_app.features.deployments.listing.queries import conditions, require_visible, seen
from tca_app.features.deployments.listing.schemas import DeploymentQuery
from tca_app.models import Deployment, Environment, Group, Project, ProjectGroup, User

DeploymentField = Literal["status", "environment", "tier", "source", "project_id", "group_id", "created_by_id"]
_deployments, _environments = Deployment.__table__.c, Environment.__table__.c
_projects, _users = Project.__table__.c, User.__table__.c
_groups, _in_projects = Group.__table__.c, ProjectGroup.__table__.c


async def count_deployments(
    session: AsyncSession, actor: Actor, query: DeploymentQuery, field: DeploymentField, search: str = ""
) -> Facets:
    """Returns the values of a field with the most deployments. `search` finds projects, groups and people by name."""
    others = query.model_copy(update={field: []})
    await require_visible(session, actor, others)
    rows = seen(actor, await conditions(session, actor, others), others.project_id)
    chosen = rows.with_only_columns(
        _deployments.status,
        _deployments.source,
        _deployments.environment_id,
        _deployments.project_id,
        _deployments.created_by_id,
    )
    listed = chosen.limit(MAX_COUNTED).subquery("seen")
    counted = _of_groups(actor, listed, search) if field == "group_id" else _counted(listed, field, search)
    number = func.count()
    ordered = counted.add_columns(number).order_by(number.desc(), counted.selected_columns[0]).limit(MAX_FACETS)
    found = (await session.execute(ordered, {"actor_id": actor.user_id})).all()
    return facets_of([(row[0], row[1], row[2]) for row in found])


def _counted(rows: Subquery, field: DeploymentField, search: str) -> Select[*tuple[Any, ...]]:
    """Selects value and label of a field, grouped."""
    if field == "environment":
        of_row = _environments.id == rows.c.environment_id
        named = select(func.min(_environments.name), literal("")).join_from(rows, Environment.__table__, of_row)
        return named.group_by(func.lower(_environments.name))
    if field == "tier":
        of_row = _environments.id == rows.c.environment_id
        named = select(_environments.tier, literal("")).join_from(rows, Environment.__table__, of_row)
        return named.group_by(_environments.tier)
    if field == "project_id":
        of_row = _projects.id == rows.c.project_id
        named = select(_projects.id, _projects.name).join_from(rows, Project.__table__, of_row)
        return named.where(*_matching(_projects.name, search)).group_by(_projects.id)
    if field == "created_by_id":
        of_row, name = _users.id == rows.c.created_by_id, display_name_sql(_users)
        named = select(_users.id, name).join_from(rows, User.__table__, of_row)
        return named.where(*_matching(name, search)).group_by(_users.id)
    return select(rows.c[field], literal("")).group_by(rows.c[field])


def _of_groups(actor: Actor, rows: Subquery, search: str) -> Select[*tuple[Any, ...]]:
    """Selects the groups of the projects. A deployment counts for each of them."""
    named = select(_groups.id, _groups.name).join_from(
        rows, ProjectGroup.__table__, _in_projects.project_id == rows.c.project_id
    )
    named = named.join(Group.__table__, _groups.id == _in_projects.group_id)
    return named.where(*known(actor), *_matching(_groups.name, search)).group_by(_groups.id)


def _matching(name: ColumnElement[str], search: str) -> list[ColumnElement[bool]]:
    return contains(func.fold_text(name), search)[:1] if search else []


async def names_of(
    session: AsyncSession, actor: Actor, field: Literal["project_id", "created_by_id"], ids: list[int]
) -> dict[str, str]:
    """Returns the names of projects or people that a filter names, by id: only those whose deployments are visible."""
    query = DeploymentQuery.model_validate({field: ids})
    rows = seen(actor, await conditions(session, actor, query), query.project_id)
    chosen = rows.with_only_columns(_deployments.project_id, _deployments.created_by_id).limit(MAX_COUNTED)
    found = await session.execute(_counted(chosen.subquery("seen"), field, ""), {"actor_id": actor.user_id})
    return {str(row[0]): row[1] for row in found}
