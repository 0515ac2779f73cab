"""REST endpoint `/api/v1/stats`: the numbers of the dashboard."""

from typing import Annotated

from fastapi import Query, Response

from tca_app.features.dashboard import service
from tca_app.features.dashboard.schemas import StatsQuery, StatsRead
from tca_app.rest.dependencies import CurrentActor, Reading
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1/stats", "dashboard")


@router.get("", response_model=StatsRead, responses=problems(401))
async def read_stats(query: Annotated[StatsQuery, Query()], actor: CurrentActor, session: Reading) -> Response:
    """Read the numbers that the dashboard shows to the caller."""
    return item_response(await service.stats(session, actor, query))
