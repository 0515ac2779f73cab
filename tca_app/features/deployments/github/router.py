"""REST endpoints of the GitHub webhook: deliveries, secret and repository. The rules are in the services."""

from typing import Annotated

from fastapi import Header, Request, Response

from tca_app.core.errors import BadRequest, Unavailable
from tca_app.core.schema import UrlId
from tca_app.core.security.rate_limits import get_limits
from tca_app.features.deployments.github import secret, service
from tca_app.features.deployments.github.payloads import Delivery
from tca_app.features.deployments.github.schemas import HookAnswer, HookRead, NewHook, RepositoryChoice
from tca_app.rest.bodies import MAX_GITHUB_BODY, whole_body
from tca_app.rest.dependencies import CurrentActor, FromClient, ProjectId, Reading, Writing
from tca_app.rest.idempotency import idempotent
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response
from tca_app.rest.routing import console_router

router = console_router("/api", "github")
_Text = Annotated[str, Header(max_length=200, pattern=r"^[!-~]*$")]


@router.post(
    "/hooks/github/{project_id:int}",
    response_model=HookAnswer,
    responses=problems(401, 404, 409),
    max_body_size=MAX_GITHUB_BODY,
    openapi_extra={"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}, "required": True}},
)
async def receive(
    request: Request,
    project_id: UrlId,
    session: Writing,
    client: FromClient,
    x_hub_signature_256: _Text = "",
    x_github_event: _Text = "",
    x_github_delivery: _Text = "",
) -> Response:
    """Receive a GitHub delivery: `ping`, `push`, `deployment` or `deployment_status`, signed with the project's secret.

    A repeated delivery changes nothing; one that was ignored or refused may be sent again. 409
    `another_repository` until a maintainer accepts the repository. At most 25 MiB.
    """
    try:
        async with whole_body(request.stream(), client.ip) as body:
            delivery = Delivery(x_github_delivery, x_github_event, x_hub_signature_256, body)
            return item_response(await service.receive(session, project_id, delivery))
    except (service.BadSignature, BadRequest, Unavailable):
        # Nobody has signed what could not be read.
        await get_limits().refuse_excess("api", f"address:{client.ip}")
        raise


@router.get("/v1/projects/{project_id:project}/github-hook", response_model=HookRead, responses=problems(401, 403, 404))
async def read_hook(project_id: ProjectId, actor: CurrentActor, session: Reading) -> Response:
    """Read the payload URL, the age of the secret, and the repository. Maintainers and owners only."""
    return item_response(await secret.read_hook(session, actor, project_id))


@router.post(
    "/v1/projects/{project_id:project}/github-hook",
    status_code=201,
    responses=problems(401, 403, 404, 409),
)
@idempotent(secret.read_hook, "project_id")
async def rotate_hook(project_id: ProjectId, actor: CurrentActor, session: Writing) -> NewHook:
    """Generate a new secret, which is shown only in this response. Maintainers and owners only."""
    return await secret.rotate_hook(session, actor, project_id)


@router.delete(
    "/v1/projects/{project_id:project}/github-hook",
    status_code=204,
    response_class=Response,
    responses=problems(401, 403, 404),
)
async def remove_hook(project_id: ProjectId, actor: CurrentActor, session: Writing) -> Response:
    """Remove the webhook: further deliveries are refused. Maintainers and owners only."""
    await secret.remove_hook(session, actor, project_id)
    return Response(status_code=204)


@router.put(
    "/v1/projects/{project_id:project}/github-hook/repository",
    response_model=HookRead,
    responses=problems(401, 403, 404),
)
async def accept_repository(
    project_id: ProjectId, data: RepositoryChoice, actor: CurrentActor, session: Writing
) -> Response:
    """Accept the refused repository in place of the current one. Maintainers and owners only.

    404 when the last refused delivery came from a different repository.
    """
    return item_response(await secret.accept_repository(session, actor, project_id, data))
