"""Whether an account is asked to have a second factor, by the instance settings."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.instance import instance_settings
from tca_app.features.auth.second_factor import methods_of
from tca_app.models import User


async def needs_second_factor(session: AsyncSession, actor: Actor) -> datetime | None:
    """Returns until when the actor is asked to add a second factor, or None: they are not asked, or they have one."""
    settings = instance_settings()
    if not settings.requires_two_factor(is_superuser=actor.is_superuser):
        return None
    if await methods_of(session, actor.user_id):
        return None
    created = (await session.execute(select(col(User.created_at)).where(col(User.id) == actor.user_id))).scalar_one()
    since = max(created, settings.two_factor_since or created)
    return since + timedelta(days=settings.two_factor_grace_days)
