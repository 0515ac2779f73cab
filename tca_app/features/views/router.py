"""REST endpoints of saved views. The rules are in the service."""

from fastapi import Response
from pydantic import TypeAdapter

from tca_app.core.schema import UrlId
from tca_app.features.views import service
from tca_app.features.views.lists import ViewedList
from tca_app.features.views.schemas import ViewCreate, ViewRead, ViewUpdate
from tca_app.rest.dependencies import CurrentActor, Reading, Writing
from tca_app.rest.idempotency import idempotent
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response, json_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1/views", "views")
_views = TypeAdapter(list[ViewRead])


@router.get("", response_model=list[ViewRead], responses=problems(401))
async def list_views(actor: CurrentActor, session: Reading, list: ViewedList | None = None) -> Response:
    """List your views and the shared ones by name, of one list or of all, without projects that you may not see."""
    return json_response(_views.dump_json(await service.list_views(session, actor, list)))


@router.post("", status_code=201, responses=problems(401, 403, 404, 409))
@idempotent(service.get_view, location="/api/v1/views/{id}")
async def create_view(data: ViewCreate, actor: CurrentActor, session: Writing) -> ViewRead:
    """Save a view. Shared ones: administrators only."""
    return await service.create_view(session, actor, data)


@router.get("/{view_id:int}", response_model=ViewRead, responses=problems(401, 404))
async def read_view(view_id: UrlId, actor: CurrentActor, session: Reading) -> Response:
    return item_response(await service.get_view(session, actor, view_id))


@router.patch("/{view_id:int}", response_model=ViewRead, responses=problems(401, 403, 404, 409))
async def update_view(view_id: UrlId, data: ViewUpdate, actor: CurrentActor, session: Writing) -> Response:
    """Rename a view, change its query, or pin it. Shared ones: administrators only."""
    return item_response(await service.update_view(session, actor, view_id, data))


@router.delete("/{view_id:int}", status_code=204, response_class=Response, responses=problems(401, 403, 404))
async def delete_view(view_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Delete a view. Shared ones: administrators only."""
    await service.delete_view(session, actor, view_id)
    return Response(status_code=204)
