"""Facets of the list of users: the values of its filters, with their counts under the other filter."""

from typing import Literal

from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.facets import MAX_COUNTED, Facets, facets_of
from tca_app.features.users import policy
from tca_app.features.users.queries import select_matching
from tca_app.features.users.schemas import UserQuery
from tca_app.models import User

UserField = Literal["is_active", "is_superuser"]


async def count_users(session: AsyncSession, actor: Actor, query: UserQuery, field: UserField) -> Facets:
    """Returns how many users have the field set ("true"), and how many not ("false")."""
    policy.require(actor, "users.list")
    rows = (await select_matching(session, query.model_copy(update={field: None}))).order_by(None)
    seen = rows.with_only_columns(User.__table__.c[field]).limit(MAX_COUNTED).subquery("seen")
    found = await session.execute(select(seen.c[field], literal(""), func.count()).group_by(seen.c[field]))
    return facets_of([("true" if row[0] else "false", row[1], row[2]) for row in found])
