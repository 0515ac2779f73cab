"""REST endpoints under `/api/v1/jobs`: queues and dead jobs. Superusers only."""

from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.core.schema import UrlId
from tca_app.features.jobs import listing, service
from tca_app.features.jobs.schemas import JobFilter, JobQuery, JobRead, QueueQuery, QueueRead, QueuesRead
from tca_app.rest.csv_files import CSV, csv_file, csv_response
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, Reading, Writing
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response, page_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1/jobs", "jobs", "admin")
_jobs = TypeAdapter(list[JobRead])


@router.get("/queues", response_model=QueuesRead, responses=problems(401, 403))
async def read_queues(query: Annotated[QueueQuery, Query()], actor: CurrentActor, session: Reading) -> Response:
    """Count the waiting, running, retrying and dead jobs of each queue. Superusers only, like all job endpoints."""
    return item_response(await service.read_queues(session, actor, query))


@router.get("/queues/export.csv", response_class=StreamingResponse, responses=CSV | problems(401, 403))
async def export_queues(
    query: Annotated[QueueQuery, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the queues with their counts as CSV. A browser's session cookie is accepted."""
    found = await service.read_queues(session, actor, query)
    return csv_file("queues", tuple(QueueRead.model_fields), found.queues)


@router.get("", response_model=list[JobRead], responses=problems(401, 403))
async def list_jobs(
    request: Request, query: Annotated[JobQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List the jobs in these states, by default newest first. Lists dead jobs by default."""
    page = await listing.list_jobs(session, actor, query)
    return page_response(request, page, _jobs, query.skip, query.limit)


@router.get("/export.csv", response_class=StreamingResponse, responses=CSV | problems(401, 403))
async def export_jobs(
    query: Annotated[JobFilter, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of jobs as CSV, at most 50,000 rows. A browser's session cookie is accepted."""
    ids = await listing.find_job_ids(session, actor, query)
    return csv_response("jobs", listing.COLUMNS, ids, lambda batch, some: listing.read_jobs(batch, actor, query, some))


@router.post("/{job_id:int}/retry", status_code=204, response_class=Response, responses=problems(401, 403, 404))
async def retry_job(job_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Retry a dead job immediately. A second call gets 404, because the job is no longer dead."""
    await service.retry_job(session, actor, job_id)
    return Response(status_code=204)


@router.delete("/{job_id:int}", status_code=204, response_class=Response, responses=problems(401, 403, 404))
async def discard_job(job_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Discard a dead job."""
    await service.discard_job(session, actor, job_id)
    return Response(status_code=204)
