"""REST endpoints under `/api/v1/instance`. The rules are in the service."""

from typing import Annotated

from fastapi import Query, Request, Response

from tca_app.core.security.rate_limits import get_limits
from tca_app.features.instance import service
from tca_app.features.instance.schemas import InstanceRead, InstanceUpdate, LogoUpdate
from tca_app.rest.dependencies import CurrentActor, FromClient, FromPage, IfMatch, Reading, Writing
from tca_app.rest.images import IMAGE, image_response
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1/instance", "instance", "admin")


@router.get("", response_model=InstanceRead, responses=problems(401, 403))
async def read_instance(actor: CurrentActor, session: Reading) -> Response:
    """Read the instance settings. Administrators only."""
    return item_response(await service.get_instance(session, actor))


@router.patch("", response_model=InstanceRead, responses=problems(401, 403, 412))
async def update_instance(data: InstanceUpdate, actor: CurrentActor, session: Writing, if_version: IfMatch) -> Response:
    """Update the given settings. 422 at a setting that the environment sets."""
    return item_response(await service.update_instance(session, actor, data, if_version))


@router.get("/logo", response_class=Response, responses=IMAGE | problems(404))
async def read_logo(
    request: Request,
    client: FromClient,
    session: Reading,
    v: Annotated[str, Query(max_length=64, description="The hash of the image, so that it can be cached.")] = "",
) -> Response:
    """Read the logo. Open to everybody, because the sign-in page shows it."""
    await get_limits().refuse_excess("api", f"address:{client.ip}")
    content, media_type, digest = await service.get_logo(session)
    return image_response(request, content, media_type, digest, asked=v, is_public=True)


@router.put("/logo", response_model=InstanceRead, responses=problems(401, 403))
async def put_logo(data: LogoUpdate, actor: FromPage, session: Writing) -> Response:
    """Replace the logo. Administrators only."""
    return item_response(await service.put_logo(session, actor, data))


@router.delete("/logo", status_code=204, response_class=Response, responses=problems(401, 403, 404))
async def delete_logo(actor: CurrentActor, session: Writing) -> Response:
    """Remove the logo. Administrators only."""
    await service.delete_logo(session, actor)
    return Response(status_code=204)
