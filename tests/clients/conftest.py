"""The command `tca` and the client, against the console in the same process."""

import asyncio
import io
import os
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from starlette.types import ASGIApp
from structlog.testing import capture_logs

from tca_client import calls
from tca_client.command import log, main, process
from tests.features.ci.conftest import issuer

__all__ = ["issuer"]  # a fixture
URL = "http://localhost"
LOST = httpx.ReadError("the connection was cut")


class InProcess(httpx.BaseTransport):
    """Carries the calls of a client, which runs in a thread, into the event loop of the test.

    `before` may refuse a call, as a network does. `after` may lose its response.
    """

    def __init__(self, app: ASGIApp, loop: asyncio.AbstractEventLoop) -> None:
        self._inner, self._loop = httpx.ASGITransport(app), loop
        self.requests: list[httpx.Request] = []
        self.before: Callable[[httpx.Request], None] = lambda _: None
        self.after: Callable[[httpx.Request], None] = lambda _: None

    def reconnect(self) -> None:
        self.before = lambda _: None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.before(request)
        response = asyncio.run_coroutine_threadsafe(self._answer(request), self._loop).result(30)
        self.after(request)
        return response

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answered = await self._inner.handle_async_request(request)
        assert isinstance(answered.stream, httpx.AsyncByteStream)
        body = b"".join([part async for part in answered.stream])
        return httpx.Response(answered.status_code, headers=answered.headers, stream=httpx.ByteStream(body))


@pytest.fixture
async def transport(edge: ASGIApp) -> InProcess:
    return InProcess(edge, asyncio.get_running_loop())


@dataclass
class Command:
    """Runs `tca` in a thread, as on a build machine that knows only `TCA_URL` and a token."""

    transport: InProcess
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    folder: Path
    out: str = ""
    said: str = ""

    def use(self, header: dict[str, str]) -> None:
        self.monkeypatch.setenv("TCA_TOKEN", header["Authorization"].removeprefix("Bearer "))

    def has_file(self, name: str) -> bool:
        """Whether the command left this file in its working folder."""
        return (self.folder / name).exists()

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()

    async def __call__(self, *arguments: str) -> int:
        shown = io.TextIOWrapper(io.BytesIO())
        self.monkeypatch.setattr(process, "sys", SimpleNamespace(stdout=shown, stdin=sys.stdin))
        code = await asyncio.to_thread(main.main, arguments)
        printed, self.said = self.capsys.readouterr()
        self.out = shown.buffer.getvalue().decode(errors="replace") + printed
        return code


@pytest.fixture
async def tca(
    transport: InProcess, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[Command]:
    for name in list(os.environ):
        if name.startswith(("TCA_", "GITHUB_", "CI_", "ACTIONS_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TCA_URL", URL)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(main, "transport", transport)
    monkeypatch.setattr(calls, "sleep", lambda _: None)
    monkeypatch.setattr(log, "PAUSE_S", 0.01)
    with capture_logs():  # those of the console, which runs in this process
        yield Command(transport, capsys, monkeypatch, tmp_path)
