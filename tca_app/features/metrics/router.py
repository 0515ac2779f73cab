"""REST endpoint `/metrics`, only with PROMETHEUS_ENABLED."""

from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from tca_app.core.actor import Actor
from tca_app.features.metrics import service
from tca_app.rest.dependencies import Bearer, Reading
from tca_app.rest.monitoring import has_metrics_token
from tca_app.rest.problems import problems
from tca_app.rest.routing import console_router

router = console_router("/metrics", "health")


class _Scraper(Bearer):
    """Returns the signed-in user, or None for METRICS_TOKEN."""

    async def __call__(self, request: Request) -> Actor | None:
        return None if has_metrics_token(request) else (await self.caller(request)).actor


CurrentScraper = Annotated[Actor | None, Depends(_Scraper())]


@router.get("", response_class=PlainTextResponse, responses=problems(401, 403))
async def read_metrics(actor: CurrentScraper, session: Reading) -> Response:
    """Read the metrics for Prometheus, with METRICS_TOKEN or a superuser's token as bearer token."""
    return Response(await service.scrape(session, actor), media_type=CONTENT_TYPE_PLAIN_0_0_4)
