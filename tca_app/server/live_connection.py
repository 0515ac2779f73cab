"""Answers plain HTTP requests at the websocket's URL, which come from proxies that do not pass websockets."""

from time import monotonic

import structlog
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

log = structlog.get_logger(__name__)

PATH = "/_event"
WARN_EVERY_S = 60.0
HINT = (
    "A page asked for its live connection without a websocket upgrade. Configure the proxy in front of the console to "
    "pass the Upgrade and Connection headers of /_event with HTTP/1.1; docs/typed-text.md has an example for nginx."
)


class LiveConnection:
    """ASGI middleware around Reflex: passes websockets, refuses plain HTTP at their URL and logs it once a minute."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.warned_at = -WARN_EVERY_S

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].rstrip("/") != PATH:
            await self.app(scope, receive, send)
            return
        if monotonic() - self.warned_at >= WARN_EVERY_S:
            self.warned_at = monotonic()
            log.warning("ui.no_websocket", hint=HINT)
        headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Cache-Control": "no-store"}
        await PlainTextResponse("This address is for websockets.", 426, headers)(scope, receive, send)
