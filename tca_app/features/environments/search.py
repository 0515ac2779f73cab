"""Finds environments by their name and the name of their project, also for those who do not type them exactly."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.similar import MAX_SIMILAR, MAX_WORDS, has_similar_word, newest, resembles
from tca_app.features.projects import policy
from tca_app.features.projects.queries import visible
from tca_app.features.projects.schemas import ProjectRef
from tca_app.models import Environment, Project

_environments, _projects = Environment.__table__.c, Project.__table__.c
_NAME = func.lower(_environments.name)


@dataclass(frozen=True, slots=True)
class EnvironmentMatch:
    name: str
    project: ProjectRef


async def find_environments(session: AsyncSession, actor: Actor, text: str, limit: int) -> list[EnvironmentMatch]:
    """Returns environments that the actor may see. Each word is in the name of the environment or of its project.

    One word at least is in the name of the environment, so that the name of a project alone finds none.
    """
    words = text.lower().split()[:MAX_WORDS]
    named = [_NAME.contains(word, autoescape=True) for word in words]
    of_project = [_projects.search_text.contains(word, autoescape=True) for word in words]
    wanted = (or_(*pair) for pair in zip(named, of_project, strict=True))
    return await _find(session, actor, and_(or_(*named), *wanted), limit)


async def find_similar(session: AsyncSession, actor: Actor, text: str) -> list[EnvironmentMatch]:
    """Returns environments like `find_environments`, with the letters of each word in their order, newest first."""
    rows = select(_environments.id, _environments.project_id, _NAME.label("name"))
    rows = rows.where(_environments.deleted_at.is_(None), visible(actor.is_superuser, _environments.project_id))
    tried = newest(rows, _environments.id)
    similar = (
        select(tried.c.id)
        .join(Project.__table__, _projects.id == tried.c.project_id)
        .where(has_similar_word(text, tried.c.name.like))
        .where(resembles(text, tried.c.name.like, _projects.search_text.like))
    )
    chosen = similar.order_by(tried.c.id.desc()).limit(MAX_SIMILAR)
    return await _find(session, actor, _environments.id.in_(chosen), MAX_SIMILAR)


async def _find(session: AsyncSession, actor: Actor, wanted: ColumnElement[bool], limit: int) -> list[EnvironmentMatch]:
    policy.require(actor, "projects.list")
    found = (
        select(
            _environments.name.label("environment"),
            *(_projects.id, _projects.name, _projects.slug, _projects.color, _projects.emoji),
        )
        .join_from(Environment.__table__, Project.__table__, _projects.id == _environments.project_id)
        .where(_environments.deleted_at.is_(None), _projects.deleted_at.is_(None), visible(actor.is_superuser), wanted)
        .order_by(func.lower(_projects.name), _projects.id, _environments.rank, _environments.id)
        .limit(limit)
    )
    rows = await session.execute(found, {"actor_id": actor.user_id})
    return [EnvironmentMatch(row.environment, ProjectRef.model_validate(row)) for row in rows]
