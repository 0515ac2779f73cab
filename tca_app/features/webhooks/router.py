"""REST endpoints under `/api/v1/webhooks`. The rules are in the service."""

from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.core.schema import UrlId
from tca_app.features.webhooks import deliveries, service
from tca_app.features.webhooks.schemas import (
    DeliveryDetail,
    DeliveryFilter,
    DeliveryQuery,
    DeliveryRead,
    Queued,
    WebhookCreate,
    WebhookQuery,
    WebhookRead,
    WebhookUpdate,
    WebhookWithSecret,
)
from tca_app.rest.csv_files import CSV, csv_file
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, IfMatch, Reading, Writing
from tca_app.rest.idempotency import idempotent
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response, json_response, page_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1/webhooks", "webhooks")
_webhooks = TypeAdapter(list[WebhookRead])
_deliveries = TypeAdapter(list[DeliveryRead])


@router.get("", response_model=list[WebhookRead], responses=problems(401, 403, 404))
async def list_webhooks(query: Annotated[WebhookQuery, Query()], actor: CurrentActor, session: Reading) -> Response:
    """List a project's webhooks (maintainers and owners). Without `project_id`: instance webhooks (superusers)."""
    return json_response(_webhooks.dump_json(await service.list_webhooks(session, actor, query)))


@router.get("/export.csv", response_class=StreamingResponse, responses=CSV | problems(401, 403, 404))
async def export_webhooks(
    query: Annotated[WebhookQuery, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of webhooks as CSV, without their secrets. A browser's session cookie is accepted."""
    rows = await service.list_webhooks(session, actor, query)
    return csv_file("webhooks", deliveries.WEBHOOK_COLUMNS, rows)


@router.post("", status_code=201, responses=problems(401, 403, 404, 409))
@idempotent(service.get_webhook, location="/api/v1/webhooks/{id}")
async def create_webhook(data: WebhookCreate, actor: CurrentActor, session: Writing) -> WebhookWithSecret:
    """Create a webhook. The response has its secret, which is not shown again, even for the same `Idempotency-Key`."""
    return await service.create_webhook(session, actor, data)


@router.get("/{webhook_id:int}", response_model=WebhookRead, responses=problems(401, 403, 404))
async def read_webhook(webhook_id: UrlId, actor: CurrentActor, session: Reading) -> Response:
    return item_response(await service.get_webhook(session, actor, webhook_id))


@router.patch("/{webhook_id:int}", response_model=WebhookRead, responses=problems(401, 403, 404, 409, 412))
async def update_webhook(
    webhook_id: UrlId, data: WebhookUpdate, actor: CurrentActor, session: Writing, if_version: IfMatch
) -> Response:
    """Update the given fields. `is_active` enables or disables the webhook."""
    return item_response(await service.update_webhook(session, actor, webhook_id, data, if_version))


@router.delete("/{webhook_id:int}", status_code=204, response_class=Response, responses=problems(401, 403, 404, 412))
async def delete_webhook(webhook_id: UrlId, actor: CurrentActor, session: Writing, if_version: IfMatch) -> Response:
    """Delete a webhook and its deliveries permanently."""
    await service.delete_webhook(session, actor, webhook_id, if_version)
    return Response(status_code=204)


@router.post("/{webhook_id:int}/rotate-secret", responses=problems(401, 403, 404, 409))
@idempotent(service.get_webhook, "webhook_id")
async def rotate_secret(webhook_id: UrlId, actor: CurrentActor, session: Writing) -> WebhookWithSecret:
    """Generate a new secret and return it. For 24 hours, requests are signed with both secrets."""
    return await service.rotate_secret(session, actor, webhook_id)


@router.post("/{webhook_id:int}/test", status_code=202, responses=problems(401, 403, 404, 409))
@idempotent(service.get_webhook, "webhook_id")
async def send_webhook_test(webhook_id: UrlId, actor: CurrentActor, session: Writing) -> Queued:
    """Send a `ping`, without retries. Its delivery shows the result."""
    return await service.send_test(session, actor, webhook_id)


@router.get("/{webhook_id:int}/deliveries", response_model=list[DeliveryRead], responses=problems(401, 403, 404))
async def list_deliveries(
    request: Request,
    webhook_id: UrlId,
    query: Annotated[DeliveryQuery, Query()],
    actor: CurrentActor,
    session: Reading,
) -> Response:
    """List all attempts, by default newest first. The last 1,000 are kept."""
    page = await deliveries.list_deliveries(session, actor, webhook_id, query)
    return page_response(request, page, _deliveries, query.skip, query.limit)


@router.get(
    "/{webhook_id:int}/deliveries/export.csv",
    response_class=StreamingResponse,
    responses=CSV | problems(401, 403, 404),
)
async def export_deliveries(
    webhook_id: UrlId, query: Annotated[DeliveryFilter, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of deliveries as CSV, without what was sent. A browser's session cookie is accepted."""
    rows = await deliveries.all_deliveries(session, actor, webhook_id, query)
    return csv_file("deliveries", deliveries.COLUMNS, rows)


@router.get(
    "/{webhook_id:int}/deliveries/{delivery_id:int}", response_model=DeliveryDetail, responses=problems(401, 403, 404)
)
async def read_delivery(webhook_id: UrlId, delivery_id: UrlId, actor: CurrentActor, session: Reading) -> Response:
    """Read one attempt with its request."""
    return item_response(await service.get_delivery(session, actor, webhook_id, delivery_id))


@router.post(
    "/{webhook_id:int}/deliveries/{delivery_id:int}/redeliver",
    status_code=202,
    responses=problems(401, 403, 404, 409),
)
@idempotent(service.get_webhook, "webhook_id")
async def redeliver(webhook_id: UrlId, delivery_id: UrlId, actor: CurrentActor, session: Writing) -> Queued:
    """Send the same request again, with the same `webhook-id`."""
    return await service.redeliver(session, actor, webhook_id, delivery_id)
