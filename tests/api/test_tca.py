"""The command `tca` as a process of its own, which signals end."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.models import Deployment, DeploymentLog
from tests.factories import bearer, make_deployment, make_project, make_user

ROOT = Path(__file__).parents[2]
CLIENT, PAGE = ROOT / "clients" / "python", ROOT / "docs" / "client.md"
# Cleans up when it is told to end, as a program that deploys does.
SCRIPT = "trap 'echo cleaned up; exit 4' TERM INT; echo ready; while :; do sleep 0.05; done"
Start = Callable[..., Awaitable[Process]]


@pytest.fixture
async def owner() -> Actor:
    return await make_user()


@pytest.fixture
async def start(server_url: str, tmp_path: Path, owner: Actor) -> AsyncIterator[Start]:
    """Starts `tca deploy -- sh -c SCRIPT` as a build machine does."""
    running: list[Process] = []
    token = (await bearer(owner))["Authorization"].removeprefix("Bearer ")
    env = {"TCA_URL": server_url, "TCA_TOKEN": token, "PATH": os.environ["PATH"], "PYTHONPATH": str(CLIENT)}
    named = ("deploy", "--project", "ledger", "--environment", "production", "--version", "1.4.2")

    async def begin() -> Process:
        command = (sys.executable, "-m", "tca_client", *named, "--", "sh", "-c", SCRIPT)
        process = await asyncio.create_subprocess_exec(*command, cwd=tmp_path, env=env, stdout=PIPE, stderr=PIPE)
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _until_line(stream: asyncio.StreamReader | None, words: bytes) -> None:
    assert stream is not None
    async with asyncio.timeout(30):
        while words not in (line := await stream.readline()):
            assert line, "the output ended"


async def _ended(process: Process) -> int | None:
    async with asyncio.timeout(30):
        await process.communicate()
    return process.returncode


async def _last() -> tuple[str, str]:
    async with transaction() as session:
        row = (await session.execute(select(Deployment).order_by(col(Deployment.id).desc()).limit(1))).scalar_one()
        return row.status, row.reason


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_reaches_the_command_and_cancels_the_deployment(
    start: Start, owner: Actor, number: signal.Signals
) -> None:
    await make_project(owner, "Ledger")
    process = await start()
    await _until_line(process.stdout, b"ready")
    process.send_signal(number)
    assert await _ended(process) == 4
    assert await _last() == ("cancelled", f"Stopped by {number.name}")
    async with transaction() as session:
        logged = await session.execute(select(DeploymentLog.line).order_by(DeploymentLog.seq))
        lines = list(logged.scalars())  # a shell may add that what it started was terminated
        assert (lines[0], lines[-1]) == ("ready", "cleaned up")


async def test_a_signal_while_it_waits_cancels_the_deployment(start: Start, owner: Actor) -> None:
    await make_deployment(await make_project(owner, "Ledger"), status="in_progress")
    process = await start()
    await _until_line(process.stderr, b"Waiting.")
    process.send_signal(signal.SIGTERM)
    assert await _ended(process) == 143
    assert await _last() == ("cancelled", "Stopped before it started")


async def test_the_library_does_what_its_page_says(server_url: str, owner: Actor) -> None:
    project_id = await make_project(owner, "Ledger")
    await make_deployment(project_id, status="failed", version="1.3.9")
    number = await make_deployment(project_id, status="pending_approval")
    token = (await bearer(owner))["Authorization"].removeprefix("Bearer ")
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    code = (
        code.replace("https://console.example.com", server_url).replace("tca_…", token).replace("(71,", f"({number},")
    )
    command = (sys.executable, "-c", code)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CLIENT)}
    process = await asyncio.create_subprocess_exec(*command, env=env, stdout=PIPE, stderr=PIPE)
    async with asyncio.timeout(30):
        printed, said = await process.communicate()
    assert (printed.decode(), said.decode()) == ("Ledger 1.3.9\nawaiting_approval\n", "")
