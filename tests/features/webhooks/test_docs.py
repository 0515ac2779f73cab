"""The receiver of docs/webhooks.md accepts signed requests only, and its recipes make CI act."""

import asyncio
import json
import os
import re
from asyncio.subprocess import PIPE
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tca_app.config.settings import get_settings
from tca_app.features.deployments.approvals import roll_back
from tca_app.features.deployments.schemas import Rollback
from tca_app.features.webhooks import signing
from tests.factories import bearer, do_jobs, make_deployment, make_project, make_user, make_webhook, run
from tests.sinks import HttpSink, Request

DOCUMENT = Path(__file__).parents[3] / "docs" / "webhooks.md"


async def test_the_example_takes_what_is_signed_once_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret, names = signing.new_secret(), dict[str, Any]()
    monkeypatch.setenv("SECRET", secret)
    found = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    exec(found[1], names)
    body, now = signing.ping(7, datetime.now(UTC)), datetime.now(UTC)
    headers = signing.headers("msg_1", now, body, [signing.new_secret(), secret])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(names["app"]), base_url="http://receiver") as client:
        codes = [
            (await client.post("/in", content=given, headers=headers)).status_code for given in (body, body, b"{}")
        ]
    assert codes == [204, 204, 401]
    assert capsys.readouterr().out.count("ping") == 1


class Asked:
    """A rollback that somebody asked for, and the request about it that a webhook sent."""

    def __init__(self, request: Request, secret: str, deployment_id: int, token: dict[str, str]) -> None:
        self.request, self.secret, self.deployment_id, self.token = request, secret, deployment_id, token


@pytest.fixture
async def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    owner = await make_user()
    project_id = await make_project(owner, "Ledger")
    await make_deployment(project_id, status="succeeded", version="1.0.0", commit_sha="aaaaaaa", ref="main")
    bad = await make_deployment(project_id, status="succeeded", version="2.0.0")
    async with HttpSink() as sink:
        monkeypatch.setattr(get_settings(), "outbound_allowed_hosts", [f"127.0.0.1:{sink.port}"])
        url = f"{sink.url}/api/v4/projects/9/ref/main/trigger/pipeline?token=TRIGGER_TOKEN"
        hook = await make_webhook(owner, url, project_id, "deployment_requested")
        made = await run(roll_back, owner, bad, Rollback())
        await do_jobs()
        (request,) = sink.got
    return Asked(request, hook.secret, made.id, await bearer(owner))


def _block(title: str, language: str) -> str:
    section = DOCUMENT.read_text().partition(f"### {title}")[2].partition("\n### ")[0]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1]


async def test_the_relay_dispatches_to_the_repository(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    names = dict[str, Any]()
    async with HttpSink() as github:
        monkeypatch.setenv("SECRET", asked.secret or "")
        monkeypatch.setenv("GITHUB_API_URL", github.url)
        monkeypatch.setenv("GITHUB_TOKEN", "ghp_1")
        monkeypatch.setenv("REPOSITORY", "acme/ledger")
        exec(_block("GitHub: repository_dispatch", "python"), names)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(names["app"]), base_url="http://relay") as client:
            headers = {name: asked.request.headers[name] for name in asked.request.headers if "webhook" in name}
            github.answers = [204, 500]
            codes = [
                (await client.post("/in", content=asked.request.body, headers=headers)).status_code for _ in range(2)
            ]
            codes.append((await client.post("/in", content=b"{}", headers=headers)).status_code)
    assert codes == [204, 503, 401]
    call = github.got[0]
    assert (call.path, call.headers["authorization"]) == ("/repos/acme/ledger/dispatches", "Bearer ghp_1")
    assert call.json() == {
        "event_type": "deployment_requested",
        "client_payload": {
            "deployment_id": asked.deployment_id,
            "project_slug": "ledger",
            "environment": "production",
            "deployed_version": "1.0.0",
            "commit_sha": "aaaaaaa",
            "ref": "main",
        },
    }


async def _run(script: str, folder: Path, **env: str) -> int | None:
    (folder / "deploy.sh").write_text('#!/bin/sh\necho "$1" > deployed\n')
    (folder / "deploy.sh").chmod(0o755)
    command = ("bash", "-euo", "pipefail", "-c", script)
    env |= {"PATH": os.environ["PATH"]}
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=env, stdout=PIPE, stderr=PIPE)
    async with asyncio.timeout(30):
        await process.communicate()
    return process.returncode


async def test_the_job_of_gitlab_carries_out_what_was_asked(asked: Asked, tmp_path: Path) -> None:
    (tmp_path / "payload").write_bytes(asked.request.body)
    lines = _block("GitLab: the trigger API", "yaml").partition("script:\n")[2].splitlines()
    script = "\n".join(re.sub(r"^'(.*)'$", r"\1", line.strip().removeprefix("- ")) for line in lines)
    await _check(asked, script, tmp_path, TRIGGER_PAYLOAD=str(tmp_path / "payload"))


async def test_the_job_of_github_carries_out_what_was_asked(asked: Asked, tmp_path: Path) -> None:
    script = _block("GitHub: repository_dispatch", "yaml").partition("run: |\n")[2]
    await _check(asked, script, tmp_path, DEPLOYMENT=str(asked.deployment_id), VERSION="1.0.0")


async def _check(asked: Asked, script: str, folder: Path, **env: str) -> None:
    """Runs a job against a console that answers everything with the deployment."""
    async with HttpSink() as console:
        console.body = json.dumps({"version": "1.0.0"}).encode()
        token = asked.token["Authorization"].removeprefix("Bearer ")
        assert await _run(script, folder, CONSOLE=console.url, TOKEN=token, **env) == 0
    url = f"/api/v1/deployments/{asked.deployment_id}"
    calls = [(call.method, call.path, call.json()["status"]) for call in console.got]
    assert calls == [("PATCH", url, "in_progress"), ("PATCH", url, "succeeded")]
    assert (folder / "deployed").read_text() == "1.0.0\n"
