"""REST endpoints under `/api/v1/projects/{id}/slack`. The rules are in the service."""

from fastapi import Response

from tca_app.features.slack import service
from tca_app.features.slack.schemas import SlackRead, SlackUpdate
from tca_app.rest.dependencies import CurrentActor, ProjectId, Reading, Writing
from tca_app.rest.idempotency import idempotent
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1/projects", "slack")


@router.get("/{project_id:project}/slack", response_model=SlackRead, responses=problems(401, 403, 404))
async def read_slack(project_id: ProjectId, actor: CurrentActor, session: Reading) -> Response:
    """Read whether the project posts to Slack, and which events. Maintainers and owners only."""
    return item_response(await service.read_channel(session, actor, project_id))


@router.patch("/{project_id:project}/slack", response_model=SlackRead, responses=problems(401, 403, 404))
async def update_slack(project_id: ProjectId, data: SlackUpdate, actor: CurrentActor, session: Writing) -> Response:
    """Connect a channel, or update the given fields. Maintainers and owners only."""
    return item_response(await service.update_channel(session, actor, project_id, data))


@router.delete(
    "/{project_id:project}/slack", status_code=204, response_class=Response, responses=problems(401, 403, 404)
)
async def remove_slack(project_id: ProjectId, actor: CurrentActor, session: Writing) -> Response:
    """Disconnect the channel. Maintainers and owners only."""
    await service.remove_channel(session, actor, project_id)
    return Response(status_code=204)


@router.post("/{project_id:project}/slack/test", status_code=202, responses=problems(401, 403, 404, 409))
@idempotent(service.read_channel, "project_id")
async def send_slack_test(project_id: ProjectId, actor: CurrentActor, session: Writing) -> SlackRead:
    """Post a test message, without retries. `sent_at` and `error` show the result."""
    return await service.send_test(session, actor, project_id)
