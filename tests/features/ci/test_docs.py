"""The lines of docs/ci.md for GitHub Actions and GitLab, run with bash and curl."""

import asyncio
import json
import os
import re
import shlex
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx
import pytest

from tca_app.config.settings import get_settings
from tca_client.credentials import ExchangedToken, find_credentials
from tca_client.errors import NotSignedIn
from tests.factories import bearer, deployment_events, make_project, make_trust, make_user
from tests.features.ci.issuer import GITLAB_JOB, Issuer

DOCUMENT = (Path(__file__).parents[3] / "docs" / "ci.md").read_text()
TRUST, GITHUB, GITLAB = re.findall(r"```(?:sh|yaml)\n(.*?)```", DOCUMENT, re.DOTALL)


@asynccontextmanager
async def served(api: httpx.AsyncClient, issuer: Issuer) -> AsyncIterator[str]:
    """The console, and GitHub's address for ID tokens, at a URL that curl can call."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, path, _ = (await reader.readline()).decode().split(" ", 2)
        headers = {}
        while (line := (await reader.readline()).decode().strip()) != "":
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        status = 200
        if path.startswith("/id-token?"):
            assert headers["authorization"] == "Bearer of-the-runner"
            audience = path.partition("&audience=")[2]
            text = json.dumps({"count": 1, "value": issuer.job_token(aud=audience)}).encode()
        else:
            given = {name: headers[name] for name in ("authorization", "content-type") if name in headers}
            done = await api.request(method, path, headers=given, content=body)
            status, text = done.status_code, done.content
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + text)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


def _script(workflow: str) -> str:
    """The lines of the step that reports."""
    found = re.search(r"(?:run: |- )\|\n((?: +.*\n)+)", workflow)
    assert found is not None
    return dedent(found[1])


async def _run(script: str, **names: str) -> str:
    env = {"PATH": os.environ["PATH"], "PROJECT": "ledger"} | names
    process = await asyncio.create_subprocess_exec("bash", "-euc", script, env=env, stdout=PIPE, stderr=PIPE)
    async with asyncio.timeout(30):
        printed, faults = await process.communicate()
    assert process.returncode == 0, faults.decode()
    return printed.decode()


async def test_the_step_of_github_actions_reports_a_deployment(
    api: httpx.AsyncClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await make_user()
    await make_trust(owner, await make_project(owner, "Ledger"), issuer=issuer.url)
    async with served(api, issuer) as url:
        monkeypatch.setattr(get_settings(), "public_url", url)
        printed = await _run(
            _script(GITHUB),
            CONSOLE=url,
            ACTIONS_ID_TOKEN_REQUEST_URL=f"{url}/id-token?api-version=2.0",
            ACTIONS_ID_TOKEN_REQUEST_TOKEN="of-the-runner",
            GITHUB_SHA="9f1c2ab" * 5,
            GITHUB_RUN_ID="1658821493",
            GITHUB_RUN_ATTEMPT="1",
        )
    mask, _, deployment = printed.partition("\n")
    assert re.fullmatch(r"::add-mask::tca_\w{46}", mask)
    assert json.loads(deployment)["external_id"] == "1658821493-1"
    assert [status for _, status in await deployment_events()][-1] == "succeeded"


async def test_the_lines_of_gitlab_report_a_deployment(
    api: httpx.AsyncClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, claims = await make_user(), {"project_path": "acme/platform/ledger", "environment": "production"}
    await make_trust(owner, await make_project(owner, "Ledger"), issuer=issuer.url, claims=claims)
    async with served(api, issuer) as url:
        monkeypatch.setattr(get_settings(), "public_url", url)
        printed = await _run(
            _script(GITLAB),
            CONSOLE=url,
            CONSOLE_ID_TOKEN=issuer.job_token(GITLAB_JOB),
            CI_COMMIT_SHA="714a629c0b401fdce83e847fc9589983fc6f46bc",
            CI_JOB_ID="302",
        )
    assert json.loads(printed)["external_id"] == "302"
    assert [status for _, status in await deployment_events()][-1] == "succeeded"


async def test_the_client_exchanges_each_id_token_once(
    api: httpx.AsyncClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await make_user()
    await make_trust(owner, await make_project(owner, "Ledger"), issuer=issuer.url)
    async with served(api, issuer) as url:
        monkeypatch.setattr(get_settings(), "public_url", url)
        job = {"TCA_URL": url, "TCA_ID_TOKEN": issuer.job_token()}
        token = find_credentials(job, "ledger").token
        assert isinstance(token, ExchangedToken)
        text = await asyncio.to_thread(token)
        with pytest.raises(NotSignedIn):
            await asyncio.to_thread(find_credentials(job, "ledger").token)
    header = {"Authorization": f"Bearer {text}"}
    assert (await api.get("/api/v1/projects/ledger", headers=header)).status_code == 200


async def test_the_call_that_trusts_github_is_accepted(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    header, url = await bearer(owner), f"/api/v1/projects/{await make_project(owner)}/ci-trusts"
    create, listed = (shlex.split(line) for line in TRUST.splitlines())
    body: dict[str, Any] = json.loads(create[create.index("--json") + 1])
    made = await api.post(url, headers=header, json=body)
    assert made.status_code == 201, made.text
    assert listed[-1] == create[create.index("--json") - 1] == "localhost:8000/api/v1/projects/1/ci-trusts"
