"""REST endpoint `/health`, for load balancers and monitors."""

from typing import Any

from fastapi import APIRouter, Request, Response

from tca_app.features.health import service
from tca_app.features.health.schemas import HealthRead, Live
from tca_app.rest.monitoring import may_watch
from tca_app.rest.responses import json_response

router = APIRouter(tags=["health"])
_DOWN: dict[int | str, dict[str, Any]] = {
    503: {"model": HealthRead, "description": "PostgreSQL or its schema is unusable, or Redis refuses the password."}
}
_LIVE = json_response(Live().model_dump_json().encode())


@router.get("/health", response_model=HealthRead, responses=_DOWN)
async def read_health(request: Request) -> Response:
    """Read the status of every component. 503 when the console cannot serve."""
    health = await service.health()
    is_trusted = await may_watch(request)
    if not is_trusted:
        health = health.for_strangers()
    response = json_response(health.model_dump_json().encode(), 503 if health.status == "down" else 200)
    if is_trusted:  # for `python -m tca_app doctor`, which asks through the proxies
        forwarded = request.headers.get("x-forwarded-for", "")
        response.headers["X-Client-Address"] = request.scope["client_info"].ip
        response.headers["X-Forwarded-Count"] = str(len(forwarded.split(",")) if forwarded else 0)
    return response


@router.get("/health/live", response_model=Live)
async def read_live() -> Response:
    """Check that the process responds. It checks no other component."""
    return _LIVE


@router.get("/health/ready", response_model=HealthRead, responses=_DOWN)
async def read_ready(request: Request) -> Response:
    """Check that the console is ready for traffic: PostgreSQL responds and has the schema that this version needs."""
    return await read_health(request)
