"""Finds users whose name is like a text, for those who do not type it exactly."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.lists import to_reads
from tca_app.core.database.pagination import MAX_SIMILAR, SIMILAR_AMONG, resembles
from tca_app.features.users import policy
from tca_app.features.users.schemas import PersonRead
from tca_app.models import User

_users = User.__table__.c


async def find_similar(session: AsyncSession, actor: Actor, text: str) -> list[PersonRead]:
    """Returns users with the letters of each word of `text` in their order, by username."""
    policy.require(actor, "users.list")
    seen = (_users.deleted_at.is_(None), _users.kind == "person")
    newest = select(_users.id).where(*seen).order_by(_users.id.desc()).limit(SIMILAR_AMONG)
    similar = (
        select(*(_users[name] for name in PersonRead.model_fields))
        .where(_users.id.in_(newest), *resembles(_users.search_text, text))
        .order_by(func.lower(_users.username), _users.id)
        .limit(MAX_SIMILAR)
    )
    return to_reads(PersonRead, await session.execute(similar))
