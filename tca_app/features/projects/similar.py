"""Finds projects whose name is like a text, for those who do not type it exactly."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.pagination import MAX_SIMILAR, SIMILAR_AMONG, resembles
from tca_app.features.projects import policy
from tca_app.features.projects.queries import visible
from tca_app.models import Project

_projects = Project.__table__.c


@dataclass(frozen=True, slots=True)
class SimilarProject:
    id: int
    name: str
    slug: str
    color: str
    emoji: str


async def find_similar(session: AsyncSession, actor: Actor, text: str) -> list[SimilarProject]:
    """Returns projects that the actor may see, with the letters of each word of `text` in their order, by name."""
    policy.require(actor, "projects.list")
    seen = (_projects.deleted_at.is_(None), visible(actor.is_superuser))
    newest = select(_projects.id).where(*seen).order_by(_projects.id.desc()).limit(SIMILAR_AMONG)
    similar = (
        select(_projects.id, _projects.name, _projects.slug, _projects.color, _projects.emoji)
        .where(_projects.id.in_(newest), *resembles(_projects.search_text, text))
        .order_by(func.lower(_projects.name), _projects.id)
        .limit(MAX_SIMILAR)
    )
    return [SimilarProject(*row) for row in await session.execute(similar, {"actor_id": actor.user_id})]
