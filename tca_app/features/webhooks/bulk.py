"""One action on many webhooks, or on many deliveries of one, in one transaction. Each has the rules of a single one."""

from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.lists.bulk import BulkResult, for_each
from tca_app.features.webhooks.schemas import WebhookUpdate
from tca_app.features.webhooks.service import delete_webhook, redeliver, update_webhook


async def switch_webhooks(
    session: AsyncSession, actor: Actor, webhook_ids: list[int], *, is_active: bool
) -> list[BulkResult]:
    """Enables or disables many webhooks."""
    data = WebhookUpdate(is_active=is_active)
    return await for_each(session, webhook_ids, lambda row_id: update_webhook(session, actor, row_id, data))


async def delete_webhooks(session: AsyncSession, actor: Actor, webhook_ids: list[int]) -> list[BulkResult]:
    """Deletes many webhooks with their deliveries."""
    return await for_each(session, webhook_ids, lambda row_id: delete_webhook(session, actor, row_id))


async def redeliver_many(
    session: AsyncSession, actor: Actor, webhook_id: int, delivery_ids: list[int]
) -> list[BulkResult]:
    """Sends the requests of many deliveries again."""
    return await for_each(session, delivery_ids, lambda row_id: redeliver(session, actor, webhook_id, row_id))
