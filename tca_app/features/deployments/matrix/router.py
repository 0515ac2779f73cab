"""REST endpoints of what runs where."""

from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.features.deployments.matrix import queries
from tca_app.features.deployments.matrix.schemas import EnvironmentMatrixRow, MatrixFilter, MatrixQuery
from tca_app.rest.csv_files import CSV, csv_response
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, Reading
from tca_app.rest.problems import problems
from tca_app.rest.responses import page_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1/deployments/current", "deployments")
_matrix = TypeAdapter(list[EnvironmentMatrixRow])
COLUMNS = (
    "project_id",
    "project_name",
    "project_slug",
    "environment",
    "tier",
    "url",
    "is_protected",
    "version",
    "commit_sha",
    "finished_at",
    "who",
    "behind",
    "is_deploying",
    "deployment_id",
)


@router.get("", response_model=list[EnvironmentMatrixRow], responses=problems(401))
async def read_current(
    request: Request, query: Annotated[MatrixQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List the environments of each project with the version that each runs."""
    page = await queries.environment_matrix(session, actor, query)
    return page_response(request, page, _matrix, query.skip, query.limit)


@router.get("/export.csv", response_class=StreamingResponse, responses=CSV | problems(401))
async def export_current(
    query: Annotated[MatrixFilter, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the same as CSV, a line for each environment. A browser's session cookie is accepted."""
    ids = await queries.find_project_ids(session, actor, query)
    return csv_response(
        "environments",
        COLUMNS,
        ids,
        lambda batch, some: queries.read_environments(batch, actor, some),
        key="project_id",
    )
