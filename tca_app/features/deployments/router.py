"""REST endpoints of deployments, for all projects and for one. The rules are in the services."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.core.schema import UrlId
from tca_app.features.deployments import approvals, dora_metrics, logs, service
from tca_app.features.deployments.commits import service as commits
from tca_app.features.deployments.commits.schemas import DeploymentCommits
from tca_app.features.deployments.listing import export
from tca_app.features.deployments.listing.schemas import DeploymentExport, DeploymentQuery, ProjectDeploymentQuery
from tca_app.features.deployments.reports.waiting import read_when_changed
from tca_app.features.deployments.rollback_schemas import RollbackPlan
from tca_app.features.deployments.schemas import (
    MAX_BATCH,
    Approval,
    ChangesRead,
    DeploymentCreate,
    DeploymentRead,
    DeploymentStep,
    ExternalId,
    LogAppend,
    LogLine,
    LogQuery,
    LogState,
    MeasuresQuery,
    MeasuresRead,
    Refusal,
    Rollback,
    WaitQuery,
)
from tca_app.rest.connection import while_connected
from tca_app.rest.csv_files import CSV, csv_response
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, ProjectId, Reading, Writing, authenticate
from tca_app.rest.idempotency import idempotent
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response, json_response, page_response
from tca_app.rest.routing import console_router, token_scope

router = console_router("/api/v1", "deployments")
_deployments = TypeAdapter(list[DeploymentRead])
_lines = TypeAdapter(list[LogLine])


@router.get("/deployments", response_model=list[DeploymentRead], responses=problems(401, 404))
async def list_deployments(
    request: Request, query: Annotated[DeploymentQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List the deployments that the caller may see, newest first by default. The total stops at 10,000."""
    page = await service.list_deployments(session, actor, query)
    return page_response(request, page, _deployments, query.skip, query.limit)


@router.get("/deployments/export.csv", response_class=StreamingResponse, responses=CSV | problems(401, 404))
async def export_deployments(
    query: Annotated[DeploymentExport, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of deployments as CSV, at most 50,000 rows. A browser's session cookie is accepted."""
    ids = await export.find_deployment_ids(session, actor, query)
    return csv_response(
        "deployments", export.COLUMNS, ids, lambda batch, some: export.read_deployments(batch, actor, query, some)
    )


@router.get(
    "/projects/{project_id:project}/deployments", response_model=list[DeploymentRead], responses=problems(401, 404)
)
async def list_project_deployments(
    request: Request,
    project_id: ProjectId,
    query: Annotated[ProjectDeploymentQuery, Query()],
    actor: CurrentActor,
    session: Reading,
) -> Response:
    """List the deployments of one project, newest first."""
    asked = DeploymentQuery(**query.model_dump(), project_id=[project_id])
    page = await service.list_deployments(session, actor, asked)
    return page_response(request, page, _deployments, query.skip, query.limit)


@router.post(
    "/projects/{project_id:project}/deployments",
    status_code=201,
    openapi_extra=token_scope("deploy"),
    responses=problems(401, 403, 404, 409),
)
@idempotent(service.get_deployment, location="/api/v1/deployments/{id}")
async def create_deployment(
    project_id: ProjectId, data: DeploymentCreate, actor: CurrentActor, session: Writing
) -> DeploymentRead:
    """Report a deployment. For deployers and above. In a protected environment it awaits approval.

    With `status` and its times the report is complete at once, also for what ended long ago: that is history, and
    nobody is notified. In a protected environment only maintainers may report what started or finished (403
    `approval_required`). 409 `environment_frozen` during a freeze window unless it ended before, 409 `environment_busy`
    for `in_progress` while another deployment is in progress. A second report with the same `external_id` changes
    nothing and returns the existing deployment.
    """
    return await service.create_deployment(session, actor, project_id, data)


@router.patch(
    "/projects/{project_id:project}/deployments/by-external-id/{external_id:path}",
    response_model=DeploymentRead,
    responses=problems(401, 403, 404, 409),
    openapi_extra=token_scope("deploy"),
)
async def step_by_external_id(
    project_id: ProjectId,
    external_id: Annotated[ExternalId, Path()],
    data: DeploymentStep,
    actor: CurrentActor,
    session: Writing,
) -> Response:
    """Report the next state of the deployment with your own id, as by its number."""
    return item_response(await service.step_by_external_id(session, actor, project_id, external_id, data))


@router.get("/deployments/measures", response_model=MeasuresRead, responses=problems(401, 404))
async def read_measures(query: Annotated[MeasuresQuery, Query()], actor: CurrentActor, session: Reading) -> Response:
    """Read the DORA metrics of one project, or of all projects that the caller may see."""
    return item_response(await dora_metrics.delivery_measures(session, actor, query))


@router.get("/deployments/{deployment_id:int}", response_model=DeploymentRead, responses=problems(401, 404))
async def read_deployment(
    request: Request, deployment_id: UrlId, query: Annotated[WaitQuery, Query()], actor: CurrentActor
) -> Response:
    """Read one deployment. With `wait=60` the response comes when the state changes, or after that many seconds.

    Send the state that you know as `seen`, so that no change in between is missed. 429 while 20 of your calls wait.
    """
    if not query.wait:
        return item_response(await _read(deployment_id, actor))

    async def read_again() -> DeploymentRead:
        return await _read(deployment_id, await authenticate(request))  # the session may have ended since

    changed = read_when_changed(read_again, deployment_id, actor.user_id, query)
    return item_response(await while_connected(request, changed))


async def _read(deployment_id: int, actor: Actor) -> DeploymentRead:
    """Reads in a session of its own, so that a call that waits holds no connection."""
    async with reading() as session:
        return await service.get_deployment(session, actor, deployment_id)


@router.patch(
    "/deployments/{deployment_id:int}",
    response_model=DeploymentRead,
    responses=problems(401, 403, 404, 409),
    openapi_extra=token_scope("deploy"),
)
async def step_deployment(
    deployment_id: UrlId, data: DeploymentStep, actor: CurrentActor, session: Writing
) -> Response:
    """Report the next state: queued, in_progress, then succeeded, failed or cancelled.

    409 for any other step, and while another deployment is in progress unless the environment allows it.
    """
    return item_response(await service.step_deployment(session, actor, deployment_id, data))


@router.get("/deployments/{deployment_id:int}/changes", response_model=ChangesRead, responses=problems(401, 404))
async def read_changes(deployment_id: UrlId, actor: CurrentActor, session: Reading) -> Response:
    """Read what changed since the previous deployment; at most 50 deployments between."""
    return item_response(await service.read_changes(session, actor, deployment_id))


@router.get("/deployments/{deployment_id:int}/commits", response_model=DeploymentCommits, responses=problems(401, 404))
async def list_commits(deployment_id: UrlId, actor: CurrentActor, session: Reading) -> Response:
    """List the commits since the previous deployment, newest first, where GitHub or CI reported them; at most 250."""
    return item_response(await commits.read_commits(session, actor, deployment_id))


@router.get("/deployments/{deployment_id:int}/logs", response_model=list[LogLine], responses=problems(401, 404))
async def read_log(
    deployment_id: UrlId, query: Annotated[LogQuery, Query()], actor: CurrentViewer, session: Reading
) -> Response:
    """Read the log lines after the number `after`. A browser's session cookie is accepted."""
    return json_response(_lines.dump_json(await logs.read_log(session, actor, deployment_id, query)))


@router.get(
    "/deployments/{deployment_id:int}/logs/download",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/plain": {}}}, **problems(401, 404)},
)
async def download_log(deployment_id: UrlId, actor: CurrentViewer, session: Reading) -> Response:
    """Download the whole log as a text file. A browser's session cookie is accepted."""
    await service.get_deployment(session, actor, deployment_id)
    headers = {"Content-Disposition": f'attachment; filename="deployment-{deployment_id}.log"'}
    return StreamingResponse(_text(deployment_id, actor), headers=headers, media_type="text/plain; charset=utf-8")


async def _text(deployment_id: int, actor: Actor) -> AsyncIterator[str]:
    """Yields batches, each read in a session of its own, so that a slow client holds no connection."""
    after = 0
    while True:
        async with reading() as session:
            lines = await logs.read_log(session, actor, deployment_id, LogQuery(after=after))
        yield "".join(f"{line.line}\n" for line in lines)
        if len(lines) < MAX_BATCH:
            return
        after = lines[-1].seq


@router.post(
    "/deployments/{deployment_id:int}/logs",
    responses=problems(401, 403, 404, 409),
    openapi_extra=token_scope("deploy"),
)
@idempotent(service.get_deployment, "deployment_id")
async def append_log(deployment_id: UrlId, data: LogAppend, actor: CurrentActor, session: Writing) -> LogState:
    """Append lines. After a lost response, send the batch again: existing lines stay as they are.

    409 when lines before `first_seq` are missing, when the log is full, and an hour after the end.
    """
    return await logs.append_log(session, actor, deployment_id, data)


@router.get(
    "/deployments/{deployment_id:int}/rollback",
    response_model=RollbackPlan,
    responses=problems(401, 403, 404, 409),
)
async def plan_rollback(deployment_id: UrlId, actor: CurrentActor, session: Reading) -> Response:
    """Preview a rollback: from which version to which, and whether it needs approval. Changes nothing."""
    return item_response(await approvals.plan_rollback(session, actor, deployment_id))


@router.post(
    "/deployments/{deployment_id:int}/rollback",
    status_code=201,
    openapi_extra=token_scope("deploy"),
    responses=problems(401, 403, 404, 409),
)
@idempotent(service.get_deployment, location="/api/v1/deployments/{id}")
async def roll_back(deployment_id: UrlId, data: Rollback, actor: CurrentActor, session: Writing) -> DeploymentRead:
    """Create a deployment of the previous version. The response names it; `GET` previews it.

    409 for a deployment that is not finished, and when there is no earlier deployment.
    """
    return await approvals.roll_back(session, actor, deployment_id, data)


@router.post(
    "/deployments/{deployment_id:int}/approve",
    responses=problems(401, 403, 404, 409),
)
@idempotent(service.get_deployment, "deployment_id")
async def approve_deployment(
    deployment_id: UrlId, data: Approval, actor: CurrentActor, session: Writing
) -> DeploymentRead:
    """Approve a deployment to a protected environment. Maintainers and owners only."""
    return await approvals.approve_deployment(session, actor, deployment_id, data)


@router.post("/deployments/{deployment_id:int}/refuse", responses=problems(401, 403, 404, 409))
@idempotent(service.get_deployment, "deployment_id")
async def refuse_deployment(
    deployment_id: UrlId, data: Refusal, actor: CurrentActor, session: Writing
) -> DeploymentRead:
    """Refuse a deployment, with a reason. Maintainers and owners only."""
    return await approvals.refuse_deployment(session, actor, deployment_id, data)
