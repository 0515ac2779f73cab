"""REST endpoints under `/api/v1/maintenance-windows`."""

from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.core.schema import UrlId
from tca_app.features.health.maintenance import listing, queries, service
from tca_app.features.health.maintenance.schemas import (
    MaintenanceCreate,
    MaintenanceFilter,
    MaintenanceQuery,
    MaintenanceRead,
    MaintenanceUpdate,
)
from tca_app.rest.csv_files import CSV, csv_response
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, IfMatch, Reading, Writing
from tca_app.rest.idempotency import idempotent
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response, page_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1/maintenance-windows", "health")
_windows = TypeAdapter(list[MaintenanceRead])
COLUMNS = tuple(name for name in MaintenanceRead.model_fields if name not in ("components", "version", "may_manage"))


@router.get("", response_model=list[MaintenanceRead], responses=problems(401))
async def list_maintenance_windows(
    request: Request, query: Annotated[MaintenanceQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List maintenance windows, by default current and planned ones by their start, then those that are over."""
    page = await listing.list_windows(session, actor, query)
    return page_response(request, page, _windows, query.skip, query.limit)


@router.get("/export.csv", response_class=StreamingResponse, responses=CSV | problems(401))
async def export_maintenance_windows(
    query: Annotated[MaintenanceFilter, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of maintenance windows as CSV, at most 50,000 rows. A browser's session cookie is accepted."""
    ids = await listing.find_window_ids(session, actor, query)
    return csv_response(
        "maintenance-windows", COLUMNS, ids, lambda batch, some: listing.read_listed(batch, actor, some)
    )


@router.post("", status_code=201, responses=problems(401, 403, 404, 409))
@idempotent(queries.get_window, location="/api/v1/maintenance-windows/{id}")
async def create_maintenance_window(data: MaintenanceCreate, actor: CurrentActor, session: Writing) -> MaintenanceRead:
    """Plan maintenance. For maintainers of the project; for maintenance of the console, superusers."""
    return await service.create_window(session, actor, data)


@router.get("/{window_id:int}", response_model=MaintenanceRead, responses=problems(401, 404))
async def read_maintenance_window(window_id: UrlId, actor: CurrentActor, session: Reading) -> Response:
    return item_response(await queries.get_window(session, actor, window_id))


@router.patch("/{window_id:int}", response_model=MaintenanceRead, responses=problems(401, 403, 404, 409, 412))
async def update_maintenance_window(
    window_id: UrlId, data: MaintenanceUpdate, actor: CurrentActor, session: Writing, if_version: IfMatch
) -> Response:
    """Update the given fields. 409 when the maintenance is over."""
    return item_response(await service.update_window(session, actor, window_id, data, if_version))


@router.post("/{window_id:int}/cancel", responses=problems(401, 403, 404, 409))
@idempotent(queries.get_window, "window_id")
async def cancel_maintenance_window(window_id: UrlId, actor: CurrentActor, session: Writing) -> MaintenanceRead:
    """Cancel planned maintenance, or end maintenance that is on now. 409 when it is over."""
    return await service.cancel_window(session, actor, window_id)
