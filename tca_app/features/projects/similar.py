"""Finds projects whose name is like a text, for those who do not type it exactly."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.similar import MAX_SIMILAR, newest, resembles
from tca_app.features.projects import policy
from tca_app.features.projects.queries import my_role, visible
from tca_app.models import Project

_projects = Project.__table__.c
_NAMES = ("id", "name", "slug", "color", "emoji")


@dataclass(frozen=True, slots=True)
class SimilarProject:
    id: int
    name: str
    slug: str
    color: str
    emoji: str
    my_role: str | None


async def find_similar(session: AsyncSession, actor: Actor, text: str) -> list[SimilarProject]:
    """Returns projects that the actor may see, with the letters of each word of `text` in their order, by name."""
    policy.require(actor, "projects.list")
    seen = select(*(_projects[name] for name in _NAMES), _projects.search_text)
    seen = seen.where(_projects.deleted_at.is_(None), visible(actor.is_superuser))
    tried = newest(seen, _projects.id)
    similar = (
        select(*(tried.c[name] for name in _NAMES), my_role(tried.c.id))
        .where(resembles(text, tried.c.search_text.like))
        .order_by(func.lower(tried.c.name), tried.c.id)
        .limit(MAX_SIMILAR)
    )
    rows = await session.execute(similar, {"actor_id": actor.user_id})
    return [SimilarProject(**row) for row in rows.mappings()]
