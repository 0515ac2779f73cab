"""REST endpoints under `/api/v1/status-subscribers`, for administrators."""

from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.core.schema import UrlId
from tca_app.features.subscribers import service
from tca_app.features.subscribers.schemas import SubscriberFilter, SubscriberQuery, SubscriberRead
from tca_app.rest.csv_files import CSV, csv_response
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, Reading, Writing
from tca_app.rest.problems import problems
from tca_app.rest.responses import page_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1/status-subscribers", "instance", "admin")
_subscribers = TypeAdapter(list[SubscriberRead])


@router.get("", response_model=list[SubscriberRead], responses=problems(401, 403))
async def list_subscribers(
    request: Request, query: Annotated[SubscriberQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List the subscribers of the public status page, newest first unless `sort` says otherwise. Superusers only."""
    page = await service.list_subscribers(session, actor, query)
    return page_response(request, page, _subscribers, query.skip, query.limit)


@router.get("/export.csv", response_class=StreamingResponse, responses=CSV | problems(401, 403))
async def export_subscribers(
    query: Annotated[SubscriberFilter, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of subscribers as CSV. A browser's session cookie is accepted."""
    ids = await service.find_subscriber_ids(session, actor, query)
    return csv_response(
        "status-subscribers",
        service.COLUMNS,
        ids,
        lambda batch, some: service.read_subscribers(batch, actor, query, some),
    )


@router.delete("/{subscriber_id:int}", status_code=204, response_class=Response, responses=problems(401, 403, 404))
async def remove_subscriber(subscriber_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Remove a subscriber. The address may subscribe again. Superusers only."""
    await service.remove_subscriber(session, actor, subscriber_id)
    return Response(status_code=204)
