"""REST endpoints under `/api/v1/health`: checks and their history."""

from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.core.schema import UrlId
from tca_app.features.health import listing, settings
from tca_app.features.health.history import service
from tca_app.features.health.schemas import (
    CheckFilter,
    CheckQuery,
    CheckRead,
    CheckUpdate,
    HistoryQuery,
    HistoryRead,
)
from tca_app.rest.csv_files import CSV, csv_response
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, IfMatch, Reading, Writing
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response, page_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1", "health")
_checks = TypeAdapter(list[CheckRead])
COLUMNS = tuple(name for name in CheckRead.model_fields if name not in ("version", "may_manage"))


@router.get("/health/checks", response_model=list[CheckRead], responses=problems(401))
async def list_checks(
    request: Request, query: Annotated[CheckQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List the checks of the console and of your projects, with their last results."""
    page = await listing.list_checks(session, actor, query)
    return page_response(request, page, _checks, query.skip, query.limit)


@router.get("/health/checks/export.csv", response_class=StreamingResponse, responses=CSV | problems(401))
async def export_checks(
    query: Annotated[CheckFilter, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of checks as CSV, at most 50,000 rows. A browser's session cookie is accepted."""
    ids = await listing.find_check_ids(session, actor, query)
    return csv_response("checks", COLUMNS, ids, lambda batch, some: listing.read_listed(batch, actor, some))


@router.get("/health/checks/{check_id:int}/history", response_model=HistoryRead, responses=problems(401, 404))
async def read_history(
    check_id: UrlId, query: Annotated[HistoryQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """Read the last 24 hours in steps of five minutes, or the last 90 days by day."""
    return item_response(await service.read_history(session, actor, check_id, query.window))


@router.patch("/health/checks/{check_id:int}", response_model=CheckRead, responses=problems(401, 403, 404, 409, 412))
async def update_check(
    check_id: UrlId, data: CheckUpdate, actor: CurrentActor, session: Writing, if_version: IfMatch
) -> Response:
    """Update the settings of a check. For maintainers of the project; for checks of the console, superusers."""
    return item_response(await settings.update_check(session, actor, check_id, data, if_version))
