"""REST endpoints of a person's data."""

from datetime import UTC, datetime

from fastapi import Response
from fastapi.responses import StreamingResponse

from tca_app.core.schema import UrlId
from tca_app.features.personal_data import erasure, service
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, Writing
from tca_app.rest.problems import problems
from tca_app.rest.routing import console_router

router = console_router("/api/v1/users", "users", "session")


@router.get(
    "/{user_id:int}/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/json": {}}}, **problems(401, 403, 404)},
)
async def export_personal_data(user_id: UrlId, actor: CurrentViewer, session: Writing) -> Response:
    """Download what the console stores about a person: yourself, or anybody as a superuser. Needs a recent proof of
    identity. A browser's session cookie is accepted."""
    await service.begin_export(session, actor, user_id)
    name = f"user-{user_id}-{datetime.now(UTC):%Y-%m-%d}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(service.export_parts(user_id), headers=headers, media_type="application/json")


@router.post("/{user_id:int}/erase", status_code=204, response_class=Response, responses=problems(401, 403, 404, 409))
async def erase_user(user_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Erase a person for good: yourself, or anybody as a superuser. Needs a recent proof of identity.

    Names, addresses, sessions and credentials go everywhere, also from the event log; the id stays. 409 for the last
    administrator and for an owner of projects, which need another owner first.
    """
    await erasure.erase_user(session, actor, user_id)
    return Response(status_code=204)
