"""REST endpoints under `/api/v1/users/me/dashboard`: the layout of the caller's dashboard."""

from fastapi import Response

from tca_app.features.dashboard.layout import service
from tca_app.features.dashboard.schemas import LayoutRead, LayoutUpdate
from tca_app.rest.dependencies import CurrentActor, Reading, Writing
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1/users/me/dashboard", "dashboard")


@router.get("", response_model=LayoutRead, responses=problems(401))
async def read_layout(actor: CurrentActor, session: Reading) -> Response:
    """Read the cards and panels of the caller's dashboard, in order, and which are hidden."""
    return item_response(await service.read_layout(session, actor))


@router.put("", response_model=LayoutRead, responses=problems(401))
async def save_layout(data: LayoutUpdate, actor: CurrentActor, session: Writing) -> Response:
    """Replace the layout. What is left out keeps its default position."""
    return item_response(await service.save_layout(session, actor, data))


@router.delete("", status_code=204, response_class=Response, responses=problems(401))
async def reset_layout(actor: CurrentActor, session: Writing) -> Response:
    """Reset the layout to the default."""
    await service.reset_layout(session, actor)
    return Response(status_code=204)
