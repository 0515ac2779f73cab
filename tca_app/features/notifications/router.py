"""REST endpoints under `/api/v1/notifications`: the caller's inbox and preferences."""

from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.core.schema import UrlId
from tca_app.features.notifications import service
from tca_app.features.notifications.schemas import (
    InboxCount,
    InboxFilter,
    InboxQuery,
    NotificationRead,
    Preference,
    PreferencesUpdate,
)
from tca_app.rest.csv_files import CSV, csv_response
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, Reading, Writing
from tca_app.rest.idempotency import idempotent
from tca_app.rest.problems import problems
from tca_app.rest.responses import json_response, next_link
from tca_app.rest.routing import console_router

router = console_router("/api/v1/notifications", "notifications")
_notifications = TypeAdapter(list[NotificationRead])
_preferences = TypeAdapter(list[Preference])
COLUMNS = tuple(NotificationRead.model_fields)


@router.get("", response_model=list[NotificationRead], responses=problems(401))
async def list_notifications(
    request: Request, query: Annotated[InboxQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List the caller's notifications, by default newest first. `Link` leads to the next ones."""
    found, more = await service.list_notifications(session, actor, query)
    headers = next_link(request, found[-1].id) if more else {}
    return json_response(_notifications.dump_json(found), headers=headers)


@router.get("/export.csv", response_class=StreamingResponse, responses=CSV | problems(401))
async def export_notifications(
    query: Annotated[InboxFilter, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the caller's notifications as CSV, at most 50,000 rows. A browser's session cookie is accepted."""
    ids = await service.find_notification_ids(session, actor, query)
    return csv_response(
        "notifications", COLUMNS, ids, lambda batch, some: service.read_notifications(batch, actor, some)
    )


@router.get("/count", response_model=InboxCount, responses=problems(401))
async def count_unread(actor: CurrentActor, session: Reading) -> Response:
    """Count the unread notifications, up to 100."""
    return json_response(InboxCount(unread=await service.count_unread(session, actor)).model_dump_json().encode())


@router.post("/{notification_id:int}/read", responses=problems(401, 404))
@idempotent(None)
async def read_notification(notification_id: UrlId, actor: CurrentActor, session: Writing) -> NotificationRead:
    """Mark a notification as read."""
    return await service.read_one(session, actor, notification_id)


@router.post("/read-all", responses=problems(401))
@idempotent(None)
async def read_all(actor: CurrentActor, session: Writing) -> InboxCount:
    """Mark all notifications as read."""
    await service.read_all(session, actor)
    return InboxCount(unread=await service.count_unread(session, actor))


@router.get("/preferences", response_model=list[Preference], responses=problems(401))
async def list_preferences(actor: CurrentActor, session: Reading) -> Response:
    """List the caller's notification preferences."""
    return json_response(_preferences.dump_json(await service.list_preferences(session, actor)))


@router.patch("/preferences", response_model=list[Preference], responses=problems(401, 403, 409))
async def change_preferences(data: PreferencesUpdate, actor: CurrentActor, session: Writing) -> Response:
    """Update the given preferences. Returns all."""
    changed = await service.change_preferences(session, actor, data.preferences)
    return json_response(_preferences.dump_json(changed))
