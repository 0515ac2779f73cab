"""What a worker answers at WORKER_PORT: probes and metrics, behind the edge of the console."""

from starlette.types import ASGIApp, Receive, Scope, Send

from tca_app.config.settings import get_settings
from tca_app.core.errors import NotFound
from tca_app.server.api import build_worker_api
from tca_app.server.edge import Edge, refuse


def app() -> ASGIApp:
    return Edge(build_worker_api(), _no_pages, get_settings(), "default-src 'none'")


async def _no_pages(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await refuse(send, NotFound())
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": "not found"})
    else:
        await _lifespan(receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    """Acknowledge start and stop; the worker itself opens and closes what the process needs."""
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
