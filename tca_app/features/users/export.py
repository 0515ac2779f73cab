"""The list of users for a file: first the ids in order, then the users of a batch."""

from typing import Any

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.csv_lines import MAX_ROWS
from tca_app.core.database.lists import to_reads
from tca_app.features.users import policy
from tca_app.features.users.queries import select_matching
from tca_app.features.users.schemas import UserFilter, UserRead
from tca_app.models import User

COLUMNS = (
    "id",
    "username",
    "full_name",
    "email",
    "is_superuser",
    "is_active",
    "last_login_at",
    "created_at",
    "updated_at",
    "deleted_at",
)
MEMBERSHIP_COLUMNS = ("project_id", "name", "slug", "status", "role")
_users = User.__table__.c


async def find_user_ids(session: AsyncSession, actor: Actor, query: UserFilter) -> list[int]:
    """Returns the ids of the list, at most 50,000."""
    ids = (await _select(session, actor, query)).with_only_columns(_users.id).limit(MAX_ROWS)
    return list((await session.execute(ids)).scalars())


async def read_users(session: AsyncSession, actor: Actor, query: UserFilter, ids: list[int]) -> list[UserRead]:
    """Returns those of the ids that are still in the list."""
    rows = (await _select(session, actor, query)).where(_users.id.in_(ids))
    return to_reads(UserRead, await session.execute(rows))


async def _select(session: AsyncSession, actor: Actor, query: UserFilter) -> Select[Any]:
    policy.require(actor, "users.list")
    return await select_matching(session, query)
