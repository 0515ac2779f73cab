"""API tokens that expire soon: the warning of each, and those that a user can rotate."""

from datetime import UTC, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.lists import to_reads
from tca_app.core.database.pagination import Page
from tca_app.core.events.log import emit
from tca_app.features.projects import policy as projects
from tca_app.features.tokens import events, policy
from tca_app.features.tokens.authentication import is_live
from tca_app.features.tokens.queries import IS_REPLACED, WHOLE
from tca_app.features.tokens.schemas import OwnedTokenRead
from tca_app.models import ApiToken, Project, ProjectMember

WARN_BEFORE = timedelta(days=7)
BATCH = 500
_MANAGERS = [role for role, rank in projects.RANK.items() if rank >= projects.RANK[projects.RULES[policy.MANAGE]]]


async def warn_of_expiry(session: AsyncSession) -> int:
    """Emits an event for each token that ends within seven days, once. Returns how many.

    Tokens that live for seven days or less, and those that a rotation has replaced, are expected to end.
    """
    soon = _ending().where(col(ApiToken.warned_at).is_(None))
    rows = (await session.execute(soon.order_by(col(ApiToken.id)).limit(BATCH))).all()
    for row in rows:
        at = row.expires_at.astimezone(UTC)
        times = {"expires_on": at.date().isoformat(), "expires_at": at.isoformat()}
        await emit(session, None, events.TokenExpiring.of(row, **times))
    warned = update(ApiToken).where(col(ApiToken.id).in_([row.id for row in rows]))
    await session.execute(warned.values(warned_at=func.now()).execution_options(synchronize_session=False))
    return len(rows)


def _ending() -> Select[Any]:
    lifetime = col(ApiToken.expires_at) - col(ApiToken.created_at)
    return WHOLE.where(
        *is_live(),
        col(ApiToken.expires_at) < func.now() + WARN_BEFORE,
        lifetime > WARN_BEFORE,
        ~IS_REPLACED,
        col(Project.deleted_at).is_(None),
    )


async def list_expiring(session: AsyncSession, actor: Actor, most: int) -> Page[OwnedTokenRead]:
    """Returns the tokens that expire first within seven days: the actor's own and those of projects they manage."""
    policy.require_session(actor)
    own = (col(ApiToken.user_id) == actor.user_id) & col(ApiToken.project_id).is_(None)
    managed = select(col(ProjectMember.project_id)).where(
        col(ProjectMember.user_id) == actor.user_id, col(ProjectMember.role).in_(_MANAGERS)
    )
    of_projects = col(ApiToken.project_id).is_not(None)
    theirs = of_projects if actor.is_superuser else col(ApiToken.project_id).in_(managed)
    soon = _ending().where(or_(own, theirs)).order_by(col(ApiToken.expires_at), col(ApiToken.id))
    rows = (await session.execute(soon.add_columns(func.count().over().label("total")).limit(most))).all()
    return Page(to_reads(OwnedTokenRead, rows), rows[0].total if rows else 0)
