"""Finds environments by their name and the name of their project."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.features.projects import policy
from tca_app.features.projects.queries import visible
from tca_app.features.projects.schemas import ProjectRef
from tca_app.models import Environment, Project

MAX_WORDS = 8
_environments, _projects = Environment.__table__.c, Project.__table__.c


@dataclass(frozen=True, slots=True)
class EnvironmentMatch:
    name: str
    project: ProjectRef


async def find_environments(session: AsyncSession, actor: Actor, text: str, limit: int) -> list[EnvironmentMatch]:
    """Returns environments that the actor may see. Each word is in the name of the environment or of its project.

    One word at least is in the name of the environment, so that the name of a project alone finds none.
    """
    policy.require(actor, "projects.list")
    words = text.lower().split()[:MAX_WORDS]
    named = [func.lower(_environments.name).contains(word, autoescape=True) for word in words]
    of_project = [_projects.search_text.contains(word, autoescape=True) for word in words]
    found = (
        select(
            _environments.name.label("environment"),
            *(_projects.id, _projects.name, _projects.slug, _projects.color, _projects.emoji),
        )
        .join_from(Environment.__table__, Project.__table__, _projects.id == _environments.project_id)
        .where(_environments.deleted_at.is_(None), _projects.deleted_at.is_(None), visible(actor.is_superuser))
        .where(or_(*named), *(or_(*pair) for pair in zip(named, of_project, strict=True)))
        .order_by(func.lower(_projects.name), _projects.id, _environments.rank, _environments.id)
        .limit(limit)
    )
    rows = await session.execute(found, {"actor_id": actor.user_id})
    return [EnvironmentMatch(row.environment, ProjectRef.model_validate(row)) for row in rows]
