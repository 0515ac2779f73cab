"""Builds the FastAPI application: one router per feature, the error handlers and the API documents."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from tca_app.config.settings import VERSION, get_settings
from tca_app.core.errors import AppError, FieldError
from tca_app.core.instance import instance_settings
from tca_app.core.schema import in_words
from tca_app.features.activity.router import router as activity_router
from tca_app.features.auth.router import router as auth_router
from tca_app.features.ci.router import exchange_router, router as ci_router
from tca_app.features.dashboard.layout.router import router as dashboard_layout_router
from tca_app.features.dashboard.router import router as dashboard_router
from tca_app.features.deployments.comments.router import router as comments_router
from tca_app.features.deployments.github.router import router as github_router
from tca_app.features.deployments.matrix.router import router as matrix_router
from tca_app.features.deployments.router import router as deployments_router
from tca_app.features.dora.router import router as dora_router
from tca_app.features.environments.router import router as environments_router
from tca_app.features.factors.router import router as factors_router, user_router as user_factors_router
from tca_app.features.groups.router import project_router as project_groups_router, router as groups_router
from tca_app.features.health.history.router import router as health_history_router
from tca_app.features.health.incidents.router import router as incidents_router
from tca_app.features.health.maintenance.router import router as maintenance_router
from tca_app.features.health.public_page.router import router as public_status_router
from tca_app.features.health.router import router as health_router
from tca_app.features.imports.router import router as imports_router
from tca_app.features.instance.router import router as instance_router
from tca_app.features.invitations.router import accept_router, router as invitations_router
from tca_app.features.jobs.router import router as jobs_router
from tca_app.features.metrics.router import router as metrics_router
from tca_app.features.notifications.router import router as notifications_router
from tca_app.features.personal_data.router import router as personal_data_router
from tca_app.features.projects.router import router as projects_router
from tca_app.features.single_sign_on.router import browser_router as oauth_browser_router, router as oauth_router
from tca_app.features.slack.router import router as slack_router
from tca_app.features.subscribers.public_pages.router import router as public_subscribers_router
from tca_app.features.subscribers.router import router as subscribers_router
from tca_app.features.tokens.router import router as tokens_router
from tca_app.features.users.router import router as users_router
from tca_app.features.views.router import router as views_router
from tca_app.features.webhooks.router import router as webhooks_router
from tca_app.rest.bodies import MAX_BODY
from tca_app.rest.problems import MEDIA_TYPE, Problem, problem_body, problem_of
from tca_app.rest.responses import json_response
from tca_app.server.api_docs import add_documents
from tca_app.server.openapi import operation_id
from tca_app.server.pages.guide import add_guide
from tca_app.server.pages.manifest import add_manifest

# Ordered by request frequency.
ROUTERS = (
    users_router,
    personal_data_router,
    projects_router,
    auth_router,
    health_router,
    dashboard_router,
    dashboard_layout_router,
    activity_router,
    notifications_router,
    views_router,
    jobs_router,
    webhooks_router,
    matrix_router,
    deployments_router,
    comments_router,
    dora_router,
    environments_router,
    github_router,
    slack_router,
    tokens_router,
    ci_router,
    exchange_router,
    instance_router,
    imports_router,
    invitations_router,
    accept_router,
    factors_router,
    user_factors_router,
    groups_router,
    project_groups_router,
    health_history_router,
    incidents_router,
    maintenance_router,
    public_status_router,
    public_subscribers_router,
    subscribers_router,
    oauth_router,
    oauth_browser_router,
)
# The edge makes the span of a request: FastAPI's would carry URLs with their query strings and be of untrusted traces.
NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
_CODES = {404: "not_found", 405: "method_not_allowed", 400: "bad_request", 413: "payload_too_large"}


class About(BaseModel):
    name: str
    version: str
    status: str
    docs: str


def build_api() -> FastAPI:
    """Build the FastAPI application. It keeps no state; sessions and the database come from `tca_app.core`."""
    api = _empty_api()
    for router in ROUTERS:
        api.include_router(router)
    _add_metrics(api)

    @api.get("/api", response_model=About, tags=["about"])
    async def read_about() -> Response:
        about = About(name=instance_settings().app_name, version=VERSION, status="ok", docs="/docs")
        return json_response(about.model_dump_json().encode())

    add_documents(api, extra_schemas=[Problem])
    add_guide(api)
    add_manifest(api)
    return api


def build_worker_api() -> FastAPI:
    """Build what a worker answers: probes and metrics."""
    api = _empty_api()
    api.include_router(health_router)
    _add_metrics(api)
    return api


def _add_metrics(api: FastAPI) -> None:
    if get_settings().prometheus_enabled:
        api.include_router(metrics_router)


def _empty_api() -> FastAPI:
    api = FastAPI(
        title="TCA InfraForge API",
        version=VERSION,
        description="Everything that the console's screens can do, for scripts. Errors are RFC 9457 problem details. "
        "Null for an optional text means empty: a create stores none, an edit clears it.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        max_body_size=MAX_BODY,
        telemetry=NO_TELEMETRY,
    )
    for error, handler in _HANDLERS.items():
        api.add_exception_handler(error, handler)
    return api


def _problem(content: bytes, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(content, status, headers, media_type=MEDIA_TYPE)


async def _app_error(_request: Request, error: AppError) -> Response:
    return _problem(problem_of(error), error.status, error.headers)


async def _bad_request(_request: Request, error: RequestValidationError) -> Response:
    faults = [FieldError(_pointer(e["loc"]), in_words(e)) for e in error.errors()[:50]]
    return _problem(problem_body(422, "invalid", "Some fields are invalid.", faults), 422)


def _pointer(loc: tuple[Any, ...]) -> str:
    """Return the pointer: `/email` for a field of the body or a parameter, `` for the whole body."""
    parts = loc[1:] if loc and loc[0] in ("body", "query", "path", "header") else loc
    text = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return text[:200]


async def _http_error(request: Request, error: HTTPException) -> Response:
    if isinstance(error.__cause__, AppError):  # FastAPI turns any error while it reads a body into a 400
        return await _app_error(request, error.__cause__)
    headers = dict(error.headers or {})
    detail = "Not found." if error.status_code == 404 else str(error.detail)
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_allowed(request.app, request.scope["path"]))
        detail = f"{request.method} is not allowed here. Use {headers['Allow']}."
    code = _CODES.get(error.status_code, "http_error")
    return _problem(problem_body(error.status_code, code, detail), error.status_code, headers)


def _allowed(api: FastAPI, path: str) -> list[str]:
    """Return the methods of all routes at this path. A single route would list only its own."""
    calls = api.openapi()["paths"]
    if path in calls:  # a literal path, such as `/users/me`, takes precedence over a pattern
        calls = {path: calls[path]}
    methods = {
        method.upper() for known, methods in calls.items() if compile_path(known)[0].match(path) for method in methods
    }
    return sorted(methods or {"GET"})


async def _unexpected(_request: Request, _error: Exception) -> Response:
    return _problem(
        problem_body(500, "internal", "Internal server error. Quote the request id when you report it."), 500
    )


_HANDLERS: dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
    AppError: _app_error,
    RequestValidationError: _bad_request,
    HTTPException: _http_error,
    Exception: _unexpected,
}
