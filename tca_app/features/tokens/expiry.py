"""Warns of API tokens that expire soon."""

from datetime import UTC, timedelta

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.events.log import emit
from tca_app.features.tokens import events
from tca_app.features.tokens.authentication import is_live
from tca_app.features.tokens.queries import IS_REPLACED, WHOLE
from tca_app.models import ApiToken, Project

WARN_BEFORE = timedelta(days=7)
BATCH = 500


async def warn_of_expiry(session: AsyncSession) -> int:
    """Emits an event for each token that ends within seven days, once. Returns how many.

    Tokens that live for seven days or less, and those that a rotation has replaced, are expected to end.
    """
    lifetime = col(ApiToken.expires_at) - col(ApiToken.created_at)
    soon = WHOLE.where(
        *is_live(),
        col(ApiToken.expires_at) < func.now() + WARN_BEFORE,
        col(ApiToken.warned_at).is_(None),
        lifetime > WARN_BEFORE,
        ~IS_REPLACED,
        col(Project.deleted_at).is_(None),
    )
    rows = (await session.execute(soon.order_by(col(ApiToken.id)).limit(BATCH))).all()
    for row in rows:
        day = row.expires_at.astimezone(UTC).date().isoformat()
        await emit(session, None, events.TokenExpiring.of(row, expires_on=day))
    warned = update(ApiToken).where(col(ApiToken.id).in_([row.id for row in rows]))
    await session.execute(warned.values(warned_at=func.now()).execution_options(synchronize_session=False))
    return len(rows)
