"""The components that an incident or a maintenance window affects, and where people may choose them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Subquery, Text, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.display_name import distinct_names
from tca_app.core.errors import Invalid
from tca_app.core.language.messages import _
from tca_app.core.schema import ReadModel
from tca_app.features.health import policy
from tca_app.features.health.history.service import viewer, visible_to
from tca_app.models import HealthCheck, Project

_checks = HealthCheck.__table__.c
_PROJECTS = text(
    """
    SELECT projects.id, projects.name, projects.slug FROM projects
    WHERE deleted_at IS NULL AND status <> 'archived' AND (CAST(:project_id AS bigint) IS NULL OR id = :project_id)
      AND (:sees_all OR id IN (SELECT project_id FROM project_members WHERE user_id = :actor_id AND role = ANY(:roles)))
    ORDER BY lower(projects.name), projects.id LIMIT 1000
    """
).bindparams(bindparam("roles", type_=ARRAY(Text)))
_ANYWHERE = text(
    """
    SELECT EXISTS (SELECT FROM project_members JOIN projects ON projects.id = project_id
      WHERE user_id = :actor_id AND role = ANY(:roles) AND deleted_at IS NULL AND status <> 'archived')
    """
).bindparams(bindparam("roles", type_=ARRAY(Text)))
_COMPONENTS = text(
    """
    SELECT id AS check_id, name, project_id FROM health_checks
    WHERE retired_at IS NULL AND (project_id = ANY(:projects) OR (:with_console AND project_id IS NULL))
    ORDER BY project_id IS NOT NULL, lower(name), id LIMIT 200
    """
).bindparams(bindparam("projects", type_=ARRAY(BigInteger)))


class ScopedComponent(ReadModel):
    """A component that can be chosen, with its project."""

    check_id: int
    name: str
    project_id: int | None


async def require_components(session: AsyncSession, project_id: int | None, check_ids: Sequence[int]) -> list[int]:
    """Returns the ids without repetitions. Raises Invalid for a component that is gone or of another project.

    Without a project the components may be of any: only administrators act for the console.
    """
    wanted = sorted(set(check_ids))
    known = select(_checks.id).where(_checks.id.in_(wanted), _checks.retired_at.is_(None))
    if project_id is not None:
        known = known.where(_checks.project_id == project_id)
    if set((await session.execute(known)).scalars()) != set(wanted):
        raise Invalid.at(
            "check_ids", _("Unknown component. Choose components of the project that have a health check.")
        )
    return wanted


async def component_names(session: AsyncSession, check_ids: Sequence[int]) -> list[str]:
    """Returns the names in alphabetical order, for the event log. The caller has checked the permission."""
    names = select(_checks.name).where(_checks.id.in_(list(check_ids))).order_by(func.lower(_checks.name), _checks.id)
    return list((await session.execute(names)).scalars())


async def filter_names(
    session: AsyncSession, actor: Actor, field: Literal["check_id", "project_id"], ids: list[int]
) -> dict[str, str]:
    """Returns the names of the components or projects that a filter names, by id: those that the actor may see."""
    policy.require_list(actor)
    table, project = (Project, "projects.id") if field == "project_id" else (HealthCheck, "health_checks.project_id")
    columns = table.__table__.c
    named = select(columns.id, columns.name).where(columns.id.in_(ids), visible_to(actor, project))
    return {str(row.id): row.name for row in await session.execute(named)}


def first_components(actor: Actor, subject: ColumnElement[int], check_id: ColumnElement[int]) -> Subquery:
    """Selects the `name` of the first component of each `subject`, an incident or a window, that the actor may see."""
    name = func.min(func.lower(_checks.name)).label("name")
    named = select(subject, name).join(HealthCheck.__table__, _checks.id == check_id)
    return named.where(visible_to(actor, "health_checks.project_id")).group_by(subject).subquery("first")


@dataclass(frozen=True, slots=True)
class Scopes:
    """Where an actor may act: names of projects by id, and their components. Administrators act for the console too."""

    projects: dict[int, str]
    components: list[ScopedComponent]
    has_console: bool


async def read_scopes(session: AsyncSession, actor: Actor, action: str, project_id: int | None = None) -> Scopes:
    """Returns the projects in which the actor may do `action`, or one of them, at most 1,000, with their components."""
    policy.require_list(actor)
    values = {"roles": policy.roles_for(action), "project_id": project_id} | viewer(actor)
    found_projects = (await session.execute(_PROJECTS, values)).all()
    projects = distinct_names([(row.id, row.name, row.slug) for row in found_projects])
    with_console = actor.is_superuser and project_id is None
    found = await session.execute(_COMPONENTS, {"projects": list(projects), "with_console": with_console})
    return Scopes(projects, [ScopedComponent.model_validate(row) for row in found], with_console)


async def may_anywhere(session: AsyncSession, actor: Actor, action: str) -> bool:
    """Returns whether there is a project in which the actor may do `action`."""
    policy.require_list(actor)
    if actor.is_superuser:
        return True
    values = {"roles": policy.roles_for(action), "actor_id": actor.user_id}
    return bool((await session.execute(_ANYWHERE, values)).scalar_one())
