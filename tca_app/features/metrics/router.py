"""`/metrics`, when PROMETHEUS_ENABLED."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from tca_app.core.actor import Actor
from tca_app.features.metrics import service
from tca_app.rest.dependencies import Reading, SignedIn, console_router, problems
from tca_app.rest.monitoring import has_metrics_token

router = console_router("/metrics", "health")


class _Scraper(SignedIn):
    """Prometheus with METRICS_TOKEN, which is nobody; else whoever is signed in."""

    async def __call__(self, request: Request) -> Any:
        return None if has_metrics_token(request) else await super().__call__(request)


CurrentScraper = Annotated[Actor | None, Depends(_Scraper("actor"))]


@router.get("", response_class=PlainTextResponse, responses=problems(401, 403))
async def read_metrics(actor: CurrentScraper, session: Reading) -> Response:
    """What Prometheus scrapes: with METRICS_TOKEN as bearer token, or that of a superuser."""
    return Response(await service.scrape(session, actor), media_type=CONTENT_TYPE_PLAIN_0_0_4)
