"""One action on many users."""

from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.lists.bulk import BulkResult, for_each
from tca_app.features.users import policy
from tca_app.features.users.schemas import UserBulk, UserUpdate
from tca_app.features.users.service import delete_user, lock_superusers, restore_user, update_user


async def bulk_users(session: AsyncSession, actor: Actor, data: UserBulk) -> list[BulkResult]:
    """Applies one action to many users in one transaction. A refusal affects only its own row."""
    policy.require(actor, "users.bulk")
    if data.action in ("deactivate", "delete"):
        await lock_superusers(session)
    return await for_each(session, data.ids, lambda user_id: _act(session, actor, data, user_id))


async def _act(session: AsyncSession, actor: Actor, data: UserBulk, user_id: int) -> None:
    if data.action == "delete":
        await delete_user(session, actor, user_id, data.transfer_to)
    elif data.action == "restore":
        await restore_user(session, actor, user_id)
    else:
        await update_user(session, actor, user_id, UserUpdate(is_active=data.action == "activate"))
