"""Serves REST in a process of its own, for tests that need a real server and client."""

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

from tca_app.config.settings import get_settings
from tca_app.core.cache.local import listen
from tca_app.server.api import build_api
from tca_app.server.edge import Edge
from tca_app.server.worker import CONSUMERS

__all__ = ["CONSUMERS", "build"]  # its import makes every kind of job known, as in the product


async def _lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    """Listens to change notifications like the product; serves no pages."""
    if scope["type"] != "lifespan":
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    await receive()
    listening = asyncio.create_task(listen())
    await send({"type": "lifespan.startup.complete"})
    await receive()
    listening.cancel()
    await send({"type": "lifespan.shutdown.complete"})


def build() -> ASGIApp:
    """For `granian --factory`."""
    return Edge(build_api(), _lifespan, get_settings(), "")
