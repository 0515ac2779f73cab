"""REST endpoints `/api/v1/projects/{id}/environments` and `/freezes`. The rules are in the services."""

from typing import Annotated

from fastapi import Query, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.core.schema import UrlId
from tca_app.features.environments import freezes, service
from tca_app.features.environments.schemas import (
    EnvironmentCreate,
    EnvironmentQuery,
    EnvironmentRead,
    EnvironmentUpdate,
    FreezeCreate,
    FreezeQuery,
    FreezeRead,
)
from tca_app.rest.csv_files import CSV, csv_file
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, IfMatch, ProjectId, Reading, ViewedProjectId, Writing
from tca_app.rest.idempotency import idempotent
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response, json_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1/projects/{project_id:project}", "environments")
_environments = TypeAdapter(list[EnvironmentRead])
_freezes = TypeAdapter(list[FreezeRead])
COLUMNS = tuple(name for name in EnvironmentRead.model_fields if name != "version")
FREEZE_COLUMNS = tuple("created_by.username" if name == "created_by" else name for name in FreezeRead.model_fields)


@router.get("/environments", response_model=list[EnvironmentRead], responses=problems(401, 404))
async def list_environments(
    project_id: ProjectId, query: Annotated[EnvironmentQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List all environments (at most 50), by default in pipeline order."""
    return json_response(_environments.dump_json(await service.list_environments(session, actor, project_id, query)))


@router.get("/environments/export.csv", response_class=StreamingResponse, responses=CSV | problems(401, 404))
async def export_environments(
    project_id: ViewedProjectId, query: Annotated[EnvironmentQuery, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of environments as CSV. A browser's session cookie is accepted."""
    return csv_file("environments", COLUMNS, await service.list_environments(session, actor, project_id, query))


@router.post("/environments", status_code=201, responses=problems(401, 403, 404, 409))
@idempotent(service.list_environments, "project_id", location="/api/v1/projects/{project_id}/environments/{id}")
async def create_environment(
    project_id: ProjectId, data: EnvironmentCreate, actor: CurrentActor, session: Writing
) -> EnvironmentRead:
    """Create an environment. Maintainers and owners only."""
    return await service.create_environment(session, actor, project_id, data)


@router.patch(
    "/environments/{environment_id:int}",
    response_model=EnvironmentRead,
    responses=problems(401, 403, 404, 409, 412),
)
async def update_environment(
    project_id: ProjectId,
    environment_id: UrlId,
    data: EnvironmentUpdate,
    actor: CurrentActor,
    session: Writing,
    if_version: IfMatch,
) -> Response:
    """Update the given fields. Maintainers and owners only."""
    return item_response(await service.update_environment(session, actor, project_id, environment_id, data, if_version))


@router.delete(
    "/environments/{environment_id:int}",
    status_code=204,
    response_class=Response,
    responses=problems(401, 403, 404, 409, 412),
)
async def delete_environment(
    project_id: ProjectId, environment_id: UrlId, actor: CurrentActor, session: Writing, if_version: IfMatch
) -> Response:
    """Delete an environment. Its deployments stay in the history. 409 while one of them is not finished."""
    await service.delete_environment(session, actor, project_id, environment_id, if_version)
    return Response(status_code=204)


@router.get("/freezes", response_model=list[FreezeRead], responses=problems(401, 404))
async def list_freezes(
    project_id: ProjectId, query: Annotated[FreezeQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List current and planned freeze windows (at most 100), by default the next one first."""
    return json_response(_freezes.dump_json(await freezes.list_freezes(session, actor, project_id, query)))


@router.get("/freezes/export.csv", response_class=StreamingResponse, responses=CSV | problems(401, 404))
async def export_freezes(
    project_id: ViewedProjectId, query: Annotated[FreezeQuery, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of freeze windows as CSV. A browser's session cookie is accepted."""
    return csv_file("freezes", FREEZE_COLUMNS, await freezes.list_freezes(session, actor, project_id, query))


@router.post("/freezes", status_code=201, responses=problems(401, 403, 404, 409))
@idempotent(freezes.list_freezes, "project_id", location="/api/v1/projects/{project_id}/freezes/{id}")
async def create_freeze(project_id: ProjectId, data: FreezeCreate, actor: CurrentActor, session: Writing) -> FreezeRead:
    """Block new deployments to the project or one environment for a period. Maintainers and owners only."""
    return await freezes.create_freeze(session, actor, project_id, data)


@router.delete("/freezes/{freeze_id:int}", status_code=204, response_class=Response, responses=problems(401, 403, 404))
async def delete_freeze(project_id: ProjectId, freeze_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Lift a freeze window. Maintainers and owners only."""
    await freezes.delete_freeze(session, actor, project_id, freeze_id)
    return Response(status_code=204)
