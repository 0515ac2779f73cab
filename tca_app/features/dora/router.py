"""REST endpoints of the DORA metrics. The rules are in the service."""

from typing import Annotated

from fastapi import Query, Response

from tca_app.core.database.csv_lines import csv_lines
from tca_app.features.dora import service
from tca_app.features.dora.schemas import DoraQuery, DoraRead, DoraUnitsQuery
from tca_app.features.dora.units import chosen_units
from tca_app.rest.csv_files import CSV
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, Reading
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1/metrics/dora", "deployments")
COLUMNS = (
    "id",
    "name",
    "slug",
    "succeeded",
    "finished",
    "bad",
    "deployments_per_day",
    "lead_time_s",
    "with_commit_time",
    "change_failure_rate",
    "time_to_restore_s",
    "restored",
    "levels.deployment_frequency",
    "levels.lead_time",
    "levels.change_failure_rate",
    "levels.time_to_restore",
)


@router.get("", response_model=DoraRead, responses=problems(401, 404))
async def read_dora(query: Annotated[DoraQuery, Query()], actor: CurrentActor, session: Reading) -> Response:
    """Read the DORA metrics by week and by project or group, over the projects that the caller may see."""
    return item_response(await service.read_dora(session, actor, query))


@router.get("/export.csv", response_class=Response, responses=CSV | problems(401, 404))
async def export_dora(query: Annotated[DoraUnitsQuery, Query()], actor: CurrentViewer, session: Reading) -> Response:
    """Download the metrics of each project or group as CSV. A browser's session cookie is accepted."""
    found = await service.read_dora(session, actor, query.figures)
    headers = {"Content-Disposition": f'attachment; filename="dora-{found.total.until}.csv"'}
    lines = csv_lines(COLUMNS, chosen_units(found.units, query), has_header=True)
    return Response(lines, headers=headers, media_type="text/csv; charset=utf-8")
