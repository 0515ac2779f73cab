"""The list of the deliveries of a webhook: its pages, the counts of its filters, and its file."""

from typing import Any, Literal

from sqlalchemy import Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.days import in_days
from tca_app.core.database.pagination import Page, contains, page_of
from tca_app.core.database.sorting import order_by
from tca_app.core.facets import Facets
from tca_app.core.lists.counts import NO_LABEL, count_values
from tca_app.features.webhooks.delivery_log import MAX_DELIVERIES, PRUNED_EVERY
from tca_app.features.webhooks.queries import get_webhook
from tca_app.features.webhooks.schemas import DeliveryFilter, DeliveryQuery, DeliveryRead
from tca_app.models import WebhookDelivery

DeliveryField = Literal["status", "event_type"]
COLUMNS = (
    "id",
    "message_id",
    "event_type",
    "event_id",
    "attempt",
    "status",
    "at",
    "response_code",
    "response_type",
    "response_size",
    "duration_ms",
    "error",
)
WEBHOOK_COLUMNS = (
    "id",
    "project_id",
    "url",
    "description",
    "event_types",
    "is_active",
    "failures",
    "disabled_at",
    "disabled_why",
    "last_status",
    "last_at",
    "created_by",
    "created_at",
)
_deliveries = WebhookDelivery.__table__.c
_SORTS = {name: _deliveries[name] for name in ("event_type", "status", "attempt", "duration_ms", "response_code")}
_READ = tuple(_deliveries[name] for name in DeliveryRead.model_fields)


async def list_deliveries(
    session: AsyncSession, actor: Actor, webhook_id: int, query: DeliveryQuery
) -> Page[DeliveryRead]:
    """Returns a page of the attempts, by default newest first."""
    rows = await _ordered(session, actor, webhook_id, query)
    found, total, _ = await page_of(session, rows, skip=query.skip, limit=query.limit)
    return Page([DeliveryRead.model_validate(row) for row in found], total)


async def all_deliveries(
    session: AsyncSession, actor: Actor, webhook_id: int, query: DeliveryFilter
) -> list[DeliveryRead]:
    """Returns all attempts of the list, of which the last 1,000 are kept."""
    rows = await _ordered(session, actor, webhook_id, query)
    found = await session.execute(rows.limit(MAX_DELIVERIES + PRUNED_EVERY))
    return [DeliveryRead.model_validate(row) for row in found]


async def count_deliveries(
    session: AsyncSession, actor: Actor, webhook_id: int, query: DeliveryFilter, field: DeliveryField
) -> Facets:
    """Returns the values of a field with how many attempts each has, under the other filters."""
    others = query.model_copy(update={field: []})
    return await count_values(session, await _chosen(session, actor, webhook_id, others), _deliveries[field], NO_LABEL)


async def _ordered(session: AsyncSession, actor: Actor, webhook_id: int, query: DeliveryFilter) -> Select[Any]:
    """Selects the list. Its ids are in the order of time, for which there is an index."""
    chosen = await _chosen(session, actor, webhook_id, query)
    return chosen.order_by(*order_by(_SORTS, query.sort, _deliveries.id, nullable=("response_code",)))


async def _chosen(session: AsyncSession, actor: Actor, webhook_id: int, query: DeliveryFilter) -> Select[Any]:
    """Selects the list without an order. Raises NotFound, or Forbidden, like the webhook itself."""
    await get_webhook(session, actor, webhook_id)
    rows = select(*_READ).where(_deliveries.webhook_id == webhook_id)
    if query.status:
        rows = rows.where(_deliveries.status.in_(query.status))
    if query.event_type:
        rows = rows.where(_deliveries.event_type.in_(query.event_type))
    if query.search:
        shown = func.fold_text(_deliveries.message_id + literal("\n") + _deliveries.error)
        rows = rows.where(contains(shown, query.search)[0])
    return rows.where(*in_days(_deliveries.at, query))
