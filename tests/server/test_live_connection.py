"""A proxy that drops websockets is reported in the log once a minute, and its requests are refused."""

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from tca_app.server import live_connection
from tca_app.server.live_connection import WARN_EVERY_S, LiveConnection


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("inner")(scope, receive, send)


async def test_a_live_connection_without_an_upgrade_is_refused_and_logged_once_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(live_connection, "monotonic", lambda: now)
    transport = httpx.ASGITransport(LiveConnection(inner))
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
        with capture_logs() as lines:
            answers = [await client.get(f"/_event/?EIO=4&transport=websocket&token={n}") for n in range(3)]
            now += WARN_EVERY_S
            answers.append(await client.get("/_event"))
        assert (await client.get("/_health")).text == "inner"
        assert (await client.get("/_events")).text == "inner"
    assert {answer.status_code for answer in answers} == {426}
    assert answers[0].headers["upgrade"] == "websocket"
    assert [line["event"] for line in lines] == ["ui.no_websocket"] * 2
    assert "Upgrade and Connection headers of /_event" in lines[0]["hint"]
    assert "token" not in repr(lines)  # it names the state of a tab


async def test_a_websocket_passes() -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def nothing() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(_: object) -> None:
        """Nobody listens."""

    await LiveConnection(app)({"type": "websocket", "path": "/_event/"}, nothing, send)
    assert seen == ["websocket"]
