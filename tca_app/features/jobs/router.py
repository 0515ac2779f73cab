"""`/api/v1/jobs`: queues and dead jobs, for scripts of superusers."""

from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import TypeAdapter

from tca_app.core.schema import UrlId
from tca_app.features.jobs import service
from tca_app.features.jobs.schemas import JobQuery, JobRead, QueuesRead
from tca_app.rest.dependencies import CurrentActor, Reading, Writing, console_router, problems
from tca_app.rest.responses import item_response, page_response

router = console_router("/api/v1/jobs", "jobs")
_jobs = TypeAdapter(list[JobRead])


@router.get("/queues", response_model=QueuesRead, responses=problems(401, 403))
async def read_queues(actor: CurrentActor, session: Reading) -> Response:
    """What waits, runs, is tried again and is dead in each queue. For superusers, as all of these."""
    return item_response(await service.read_queues(session, actor))


@router.get("", response_model=list[JobRead], responses=problems(401, 403))
async def list_jobs(
    request: Request, query: Annotated[JobQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """The jobs in one state, newest first; the dead ones unless asked for others."""
    page = await service.list_jobs(session, actor, query)
    return page_response(request, page, _jobs, query.skip, query.limit)


@router.post("/{job_id:int}/retry", status_code=204, response_class=Response, responses=problems(401, 403, 404))
async def retry_job(job_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Try a dead job again, at once. A second call finds it not dead any more: 404."""
    await service.retry_job(session, actor, job_id)
    return Response(status_code=204)


@router.delete("/{job_id:int}", status_code=204, response_class=Response, responses=problems(401, 403, 404))
async def discard_job(job_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Give up on a dead job."""
    await service.discard_job(session, actor, job_id)
    return Response(status_code=204)
