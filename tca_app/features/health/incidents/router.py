"""REST endpoints under `/api/v1/incidents`."""

from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.core.schema import UrlId
from tca_app.features.health.incidents import listing, queries, service
from tca_app.features.health.incidents.schemas import (
    IncidentCreate,
    IncidentFilter,
    IncidentQuery,
    IncidentRead,
    IncidentUpdate,
    NoteCreate,
    NoteRead,
)
from tca_app.rest.csv_files import CSV, csv_response
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, IfMatch, Reading, Writing
from tca_app.rest.idempotency import idempotent
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response, page_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1/incidents", "health")
_incidents = TypeAdapter(list[IncidentRead])
COLUMNS = (
    *("id", "name", "project.slug", "severity", "status", "is_manual", "is_public", "opened_at", "opened_by"),
    *("closed_at", "acknowledged_at", "acknowledged_by", "reason", "notified_count"),
)


@router.get("", response_model=list[IncidentRead], responses=problems(401))
async def list_incidents(
    request: Request, query: Annotated[IncidentQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List incidents, by default open ones first, then the newest, each with its notes (at most 100)."""
    page = await listing.list_incidents(session, actor, query)
    return page_response(request, page, _incidents, query.skip, query.limit)


@router.get("/export.csv", response_class=StreamingResponse, responses=CSV | problems(401))
async def export_incidents(
    query: Annotated[IncidentFilter, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of incidents as CSV, at most 50,000 rows. A browser's session cookie is accepted."""
    ids = await listing.find_incident_ids(session, actor, query)
    return csv_response("incidents", COLUMNS, ids, lambda batch, some: listing.read_listed(batch, actor, some))


@router.post("", status_code=201, responses=problems(401, 403, 404, 409))
@idempotent(queries.get_incident, location="/api/v1/incidents/{id}")
async def create_incident(data: IncidentCreate, actor: CurrentActor, session: Writing) -> IncidentRead:
    """Open an incident by hand. For deployers of the project; for incidents of the console, superusers."""
    return await service.create_incident(session, actor, data)


@router.get("/{incident_id:int}", response_model=IncidentRead, responses=problems(401, 404))
async def read_incident(incident_id: UrlId, actor: CurrentActor, session: Reading) -> Response:
    return item_response(await queries.get_incident(session, actor, incident_id))


@router.patch("/{incident_id:int}", response_model=IncidentRead, responses=problems(401, 403, 404, 409, 412))
async def update_incident(
    incident_id: UrlId, data: IncidentUpdate, actor: CurrentActor, session: Writing, if_version: IfMatch
) -> Response:
    """Update the given fields. Of an incident that checks opened, only the severity."""
    return item_response(await service.update_incident(session, actor, incident_id, data, if_version))


@router.post("/{incident_id:int}/acknowledge", responses=problems(401, 403, 404, 409))
@idempotent(queries.get_incident, "incident_id")
async def acknowledge_incident(incident_id: UrlId, actor: CurrentActor, session: Writing) -> IncidentRead:
    """Say that you take care of an open incident. The first one who does stays. 409 when it is resolved."""
    return await service.acknowledge_incident(session, actor, incident_id)


@router.post("/{incident_id:int}/notes", status_code=201, responses=problems(401, 403, 404, 409))
@idempotent(service.require_note, "incident_id")
async def add_note(incident_id: UrlId, data: NoteCreate, actor: CurrentActor, session: Writing) -> NoteRead:
    """Add a note, or with `status` post an update. For deployers of the project; of the console, superusers."""
    return await service.add_note(session, actor, incident_id, data)
