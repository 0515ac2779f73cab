"""Runs the commands of the documentation with bash and curl against a real server."""

import asyncio
import json
import os
import re
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tca_app.core.actor import Actor
from tca_app.features.deployments.approvals import approve_deployment, refuse_deployment
from tca_app.features.deployments.schemas import Approval, DeploymentStep, Refusal
from tca_app.features.deployments.service import step_deployment
from tca_app.features.tokens import service as tokens
from tca_app.features.users.events import UserUpdated
from tests.factories import (
    bearer,
    deployment_events,
    happened,
    make_admin,
    make_deployment,
    make_project,
    make_user,
    run,
    until,
)

DOCS = Path(__file__).parents[2] / "docs"


def _blocks(name: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", (DOCS / name).read_text(), re.DOTALL)


REPORT, FAILED, HISTORY, WAIT, LOG = _blocks("deployments.md")[:5]
REGION, ACTIVITY = _blocks("time-zones.md")
FIRST = REPORT.splitlines()[0]
SIGN_IN, READ = _blocks("rest.md")
(SLACK,) = _blocks("slack.md")
(INSTANCE,) = _blocks("instance.md")
(WEBHOOK,) = _blocks("webhooks.md")
_, TOKENS = _blocks("tokens.md")


Waits = Callable[..., Awaitable["Waiting"]]


@pytest.fixture
async def deployer() -> Actor:
    return await make_user()


async def _start(script: str, deployer: Actor, server_url: str, project_id: int, folder: Path) -> Process:
    """As on a build machine: nothing but the documented variables is set. Only sleeping is shorter."""
    token = (await bearer(deployer))["Authorization"].removeprefix("Bearer ")
    named = {"CONSOLE": server_url, "PROJECT": str(project_id), "TOKEN": token, "PATH": os.environ["PATH"]}
    seen = 'curl() { case "$*" in *wait=*) touch waited ;; esac; command curl "$@"; }'
    command = ("bash", "-euo", "pipefail", "-c", f"sleep() {{ touch waited; command sleep 0.1; }}\n{seen}\n{script}")
    return await asyncio.create_subprocess_exec(*command, env=named, cwd=folder, stdout=PIPE, stderr=PIPE)


async def _run(script: str, deployer: Actor, server_url: str, folder: Path) -> str:
    """What the script printed."""
    project_id = await make_project(await make_user(), "Billing", team={deployer: "deployer"})
    process = await _start(script, deployer, server_url, project_id, folder)
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


async def test_history_is_imported_in_one_call(deployer: Actor, server_url: str, tmp_path: Path) -> None:
    printed = await _run(HISTORY, deployer, server_url, tmp_path)
    assert printed.count('"external_id":"jenkins-812"') == 2
    assert await deployment_events() == [("deployment_imported", "succeeded")]


async def test_the_first_line_has_the_number_of_the_deployment(
    deployer: Actor, server_url: str, tmp_path: Path
) -> None:
    printed = await _run(f'{FIRST}\necho "$ID"', deployer, server_url, tmp_path)
    assert printed.strip().isdigit()


async def test_the_activity_since_a_local_midnight_is_read(deployer: Actor, server_url: str, tmp_path: Path) -> None:
    await happened(0.01, UserUpdated, subject_id=deployer.user_id)
    printed = await _run(ACTIVITY, deployer, server_url, tmp_path)
    assert [event["type"] for event in json.loads(printed)] == ["user_logged_in", "user_updated"]


async def test_a_person_sets_their_time_zone(deployer: Actor, server_url: str, tmp_path: Path) -> None:
    user = json.loads(await _run(f"ID={deployer.user_id}\n{REGION}", deployer, server_url, tmp_path))
    assert (user["time_zone"], user["locale"]) == ("Europe/Berlin", "en-GB")


async def test_the_calls_of_the_rest_page_do_what_it_says(server_url: str, tmp_path: Path) -> None:
    project_id = await make_project(await make_user("ada"), "Edge")
    slack = "\n".join(line for line in SLACK.splitlines() if not line.endswith("/test"))  # that one calls Slack
    script = "\n".join((SIGN_IN, READ, WEBHOOK, slack)).replace("localhost:8000", server_url)
    script = re.sub(r'(projects/|"project_id": )1\b', rf"\g<1>{project_id}", script)
    with_status = "curl() { command curl -w '%{stderr}%{http_code}\n' \"$@\"; }"
    command = ("bash", "-euo", "pipefail", "-c", f"{with_status}\n{script}")
    process = await asyncio.create_subprocess_exec(*command, cwd=tmp_path, stdout=PIPE, stderr=PIPE)
    async with asyncio.timeout(30):
        printed, codes = await process.communicate()
    assert codes.decode().replace("\n", " ") == "200 200 201 200 200 200 201 200 200 204 ", printed.decode()


async def test_the_instance_settings_are_changed_and_get_a_logo(server_url: str, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "logo.png")
    project_id, admin = await make_project(await make_user()), await make_admin()
    script = 'curl() { command curl -fw "%{stderr}%{http_code} " "$@"; }\n' + INSTANCE
    process = await _start(script.replace("localhost:8000", server_url), admin, server_url, project_id, tmp_path)
    async with asyncio.timeout(30):
        printed, codes = await process.communicate()
    assert codes.decode() == "200 200 200 204 ", printed.decode()


async def test_a_token_of_a_project_is_created_rotated_and_revoked(server_url: str, tmp_path: Path) -> None:
    owner = await make_user()
    project_id = await make_project(owner, "Edge")
    path = f"{server_url}/api/v1/projects/{project_id}/"

    async def printed(script: str) -> Any:
        process = await _start(script, owner, server_url, project_id, tmp_path)
        async with asyncio.timeout(30):
            return json.loads((await process.communicate())[0])

    create, *others = TOKENS.replace("localhost:8000/api/v1/projects/1/", path).splitlines()
    made = await printed(create)
    script = "\n".join(others).replace("tokens/1", f"tokens/{made['id']}")
    rotated = await printed(script)
    assert made["token"] != rotated["token"]
    listed = await run(tokens.list_project_tokens, owner, project_id)
    assert [(token.id, token.state) for token in listed] == [(rotated["id"], "active"), (made["id"], "revoked")]


class Waiting:
    """The loop of the documentation, while it waits for a deployment of a deployer."""

    def __init__(self, process: Process, folder: Path, owner: Actor, deployment_id: int) -> None:
        self.process, self.folder, self.owner, self.deployment_id = process, folder, owner, deployment_id

    async def act(self, action: Any, data: Any) -> None:
        """What someone else does once the loop has asked in vain."""
        await until((self.folder / "waited").exists)
        await run(action, self.owner, self.deployment_id, data)

    async def end(self) -> tuple[int | None, str]:
        """How the loop ended, and what it said."""
        async with asyncio.timeout(30):
            _, said = await self.process.communicate()
        return self.process.returncode, said.decode()


@pytest.fixture
async def wait(deployer: Actor, server_url: str, tmp_path: Path) -> AsyncIterator[Waits]:
    """Starts the loop for a deployment in a state, beside another one that is in progress if asked for."""
    running: list[Process] = []

    async def begin(status: str, *, is_busy: bool = False) -> Waiting:
        owner = await make_user()
        project_id = await make_project(owner, "Billing", team={deployer: "deployer"})
        other = await make_deployment(project_id, status="in_progress") if is_busy else 0
        deployment_id = await make_deployment(project_id, status=status)
        script = f"ID={deployment_id}\n{WAIT}\ncurl -fsS -o /dev/null $CONSOLE/health/live"
        running.append(await _start(script, deployer, server_url, project_id, tmp_path))
        return Waiting(running[-1], tmp_path, owner, other or deployment_id)

    yield begin
    for process in running:
        if process.returncode is None:
            process.kill()


async def test_the_loop_starts_the_deployment_once_it_is_approved(wait: Waits) -> None:
    loop = await wait("pending_approval")
    await loop.act(approve_deployment, Approval())
    assert await loop.end() == (0, "")
    assert (await deployment_events())[-1] == ("deployment_started", "in_progress")


async def test_the_loop_waits_for_another_deployment_to_end(wait: Waits) -> None:
    loop = await wait("queued", is_busy=True)
    await loop.act(step_deployment, DeploymentStep(status="failed"))
    assert await loop.end() == (0, "")


async def test_the_loop_ends_after_a_refusal_with_its_reason(wait: Waits) -> None:
    loop = await wait("pending_approval")
    await loop.act(refuse_deployment, Refusal(reason="Not on a Friday"))
    code, said = await loop.end()
    assert (code, "This deployment was refused: Not on a Friday" in said) == (1, True)


@pytest.mark.parametrize(
    ("status", "code"),
    [("cancelled", "deployment_cancelled"), ("succeeded", "deployment_finished"), ("failed", "deployment_finished")],
)
async def test_the_loop_ends_when_the_deployment_has_ended(wait: Waits, status: str, code: str) -> None:
    returned, said = await (await wait(status)).end()
    assert (returned, f'"code":"{code}"' in said) == (1, True)


async def test_the_loop_goes_on_when_the_answer_to_its_start_was_lost(wait: Waits) -> None:
    assert await (await wait("in_progress")).end() == (0, "")
