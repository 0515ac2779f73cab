"""The lines of docs/deployments.md, run by bash and curl as they stand there, against a real server."""

import asyncio
import os
import re
from pathlib import Path

import pytest

from tca_app.core.actor import Actor
from tests.factories import bearer, deployment_events, make_project, make_user

BLOCKS = re.findall(r"```sh\n(.*?)```", (Path(__file__).parents[2] / "docs/deployments.md").read_text(), re.DOTALL)
REPORT, FAILED, WAIT, LOG = BLOCKS[:4]
FIRST = REPORT.splitlines()[0]


@pytest.fixture
async def deployer() -> Actor:
    return await make_user()


async def _run(script: str, deployer: Actor, server_url: str, folder: Path) -> str:
    """As on a build machine: nothing but the documented variables is set. Returns what the script printed."""
    project_id = await make_project(await make_user(), "Billing", team={deployer: "deployer"})
    token = (await bearer(deployer))["Authorization"].removeprefix("Bearer ")
    named = {"CONSOLE": server_url, "PROJECT": str(project_id), "TOKEN": token, "PATH": os.environ["PATH"]}
    pipe = asyncio.subprocess.PIPE
    command = ("bash", "-euo", "pipefail", "-c", script)
    process = await asyncio.create_subprocess_exec(*command, env=named, cwd=folder, stdout=pipe, stderr=pipe)
    async with asyncio.timeout(30):
        printed, faults = await process.communicate()
    assert process.returncode == 0, faults.decode()
    return printed.decode()


async def test_three_lines_report_a_deployment(deployer: Actor, server_url: str, tmp_path: Path) -> None:
    assert len(REPORT.splitlines()) == 3
    await _run(REPORT, deployer, server_url, tmp_path)
    assert [status for _, status in await deployment_events()] == ["queued", "in_progress", "succeeded"]


async def test_a_failure_and_its_log_are_reported(deployer: Actor, server_url: str, tmp_path: Path) -> None:
    (tmp_path / "build.log").write_text('Building "billing"\n\x1b[31mNo space left\x1b[0m\n')
    printed = await _run(f"{FIRST}\n{WAIT}\n{LOG}\n{FAILED}", deployer, server_url, tmp_path)
    assert '{"next_seq":3,"added":2}' in printed
    assert [status for _, status in await deployment_events()] == ["queued", "in_progress", "failed"]


async def test_the_first_line_has_the_number_of_the_deployment(
    deployer: Actor, server_url: str, tmp_path: Path
) -> None:
    printed = await _run(f'{FIRST}\necho "$ID"', deployer, server_url, tmp_path)
    assert printed.strip().isdigit()
