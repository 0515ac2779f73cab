"""One action on many users."""

from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.errors import AppError
from tca_app.features.users import policy
from tca_app.features.users.schemas import BulkResult, UserBulk, UserUpdate
from tca_app.features.users.service import delete_user, lock_superusers, restore_user, update_user


async def bulk_users(session: AsyncSession, actor: Actor, data: UserBulk) -> list[BulkResult]:
    """Applies one action to many users in one transaction. A refusal affects only its own row."""
    policy.require(actor, "users.bulk")
    if data.action in ("deactivate", "delete"):
        await lock_superusers(session)
    results = {}
    for user_id in sorted(set(data.ids)):  # one order for all, so that two bulk actions cannot deadlock
        try:
            async with session.begin_nested():
                await _act(session, actor, data, user_id)
            results[user_id] = BulkResult(id=user_id, ok=True)
        except AppError as refusal:
            results[user_id] = BulkResult(id=user_id, ok=False, detail=refusal.detail)
    return [results[user_id] for user_id in dict.fromkeys(data.ids)]


async def _act(session: AsyncSession, actor: Actor, data: UserBulk, user_id: int) -> None:
    if data.action == "delete":
        await delete_user(session, actor, user_id, data.transfer_to)
    elif data.action == "restore":
        await restore_user(session, actor, user_id)
    else:
        await update_user(session, actor, user_id, UserUpdate(is_active=data.action == "activate"))
