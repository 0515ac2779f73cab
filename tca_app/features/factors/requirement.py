"""Until when the actor must have a second factor, by the instance settings."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.features.auth import factor_requirement
from tca_app.features.auth.factor_requirement import WithoutFactor
from tca_app.models import User


async def needs_second_factor(session: AsyncSession, actor: Actor) -> datetime | None:
    """Returns until when the actor must add a second factor, or None: they need none, or they have one."""
    columns = (col(User.is_superuser), col(User.created_at), *factor_requirement.COLUMNS)
    row = (await session.execute(select(*columns).where(col(User.id) == actor.user_id))).one()
    return factor_requirement.due(WithoutFactor.of(row))
