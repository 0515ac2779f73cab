"""GitHub's webhook: signed with the project's own key, each delivery once, in any order."""

import hashlib
import hmac
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from sqlalchemy import select

from tca_app.core.db import reading
from tca_app.models import GithubHook, LoggedEvent
from tests.factories import bearer, deployment_events, make_project, make_user

SHA = "9f1c2ab" * 5


class Github:
    """A repository whose webhook leads to one project."""

    def __init__(self, api: httpx.AsyncClient, project_id: int, header: dict[str, str], key: str) -> None:
        self.api, self.project_id, self.header, self.key = api, project_id, header, key
        self.url = f"/api/hooks/github/{project_id}"

    async def send(self, event: str, payload: Any, *, delivery: str = "", key: str = "") -> httpx.Response:
        body = orjson.dumps(payload)
        signature = hmac.new((key or self.key).encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery or str(uuid4()),
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        return await self.api.post(self.url, headers=headers, content=body)

    async def status(self, state: str, **fields: Any) -> httpx.Response:
        return await self.send("deployment_status", deployment() | {"deployment_status": {"state": state} | fields})

    async def listed(self) -> list[dict[str, Any]]:
        return (await self.api.get(f"/api/v1/projects/{self.project_id}/deployments", headers=self.header)).json()


def deployment(**fields: Any) -> dict[str, Any]:
    given = {"id": 71, "sha": SHA, "ref": "main", "environment": "Production", "creator": {"login": "octocat"}}
    return {"action": "created", "deployment": given | fields, "repository": {"full_name": "tca/billing"}}


@pytest.fixture
async def github(api: httpx.AsyncClient) -> Github:
    owner = await make_user()
    project_id, header = await make_project(owner), await bearer(owner)
    made = await api.post(f"/api/v1/projects/{project_id}/github-hook", headers=header)
    assert made.status_code == 201
    return Github(api, project_id, header, made.json()["secret"])


async def test_a_deployment_is_followed_from_its_start_to_its_end(github: Github) -> None:
    assert (await github.send("ping", {"zen": "Keep it logically awesome."})).json()["outcome"] == "done"
    push = {"commits": [{"id": SHA, "timestamp": "2026-11-20T09:30:00+01:00"}], "head_commit": None}
    assert (await github.send("push", push)).status_code == 200
    assert (await github.send("deployment", deployment(payload={"version": "1.4.2"}))).status_code == 200
    await github.status("in_progress")
    await github.status("success")
    await github.status("inactive")
    (found,) = await github.listed()
    assert (found["version"], found["status"], found["source"], found["reporter"], found["created_by"]) == (
        "1.4.2",
        "succeeded",
        "github",
        "octocat",
        None,
    )
    assert (found["environment"]["name"], found["commit_at"]) == ("production", "2026-11-20T08:30:00Z")
    assert [status for _, status in await deployment_events()] == ["queued", "in_progress", "succeeded"]


async def test_the_order_of_deliveries_does_not_matter(github: Github) -> None:
    await github.status("failure", description="Exit\ncode 1")
    await github.send("deployment", deployment())
    await github.status("in_progress")
    (found,) = await github.listed()
    assert (found["status"], found["reason"], found["version"]) == ("failed", "Exit code 1", "main")
    late = {"commits": [], "head_commit": {"id": SHA, "timestamp": "2026-11-20T09:30:00Z"}}
    await github.send("push", late)
    assert (await github.listed())[0]["commit_at"] == "2026-11-20T09:30:00Z"


async def test_a_delivery_that_comes_again_changes_nothing(github: Github) -> None:
    first = await github.send("deployment", deployment(), delivery="d1")
    again = await github.send("deployment", deployment(id=72), delivery="d1")
    assert (first.json()["outcome"], again.json()["outcome"]) == ("done", "known")
    assert len(await github.listed()) == 1


async def test_only_the_projects_own_key_signs(github: Github, api: httpx.AsyncClient) -> None:
    other = await make_project(await make_user())
    assert (await github.send("deployment", deployment(), key="guess")).status_code == 401
    unsigned = await api.post(github.url, json=deployment())
    assert (unsigned.status_code, unsigned.json()["code"]) == (401, "bad_signature")
    github.url = f"/api/hooks/github/{other}"
    without_key = await github.send("deployment", deployment())
    github.url = "/api/hooks/github/987654321"
    nowhere = await github.send("deployment", deployment())
    assert (without_key.json()["detail"], nowhere.json()["detail"]) == (unsigned.json()["detail"],) * 2
    assert await deployment_events() == []


async def test_a_new_key_ends_the_old_one_and_none_is_ever_shown_again(github: Github) -> None:
    url = f"/api/v1/projects/{github.project_id}/github-hook"
    old = github.key
    github.key = (await github.api.post(url, headers=github.header)).json()["secret"]
    assert (await github.send("ping", {}, key=old)).status_code == 401
    assert (await github.send("ping", {})).status_code == 200
    assert set((await github.api.get(url, headers=github.header)).json()) == {"url", "rotated_at"}
    async with reading() as session:
        kept = (await session.execute(select(GithubHook.sealed_secret))).scalar_one()
        told = (await session.execute(select(LoggedEvent.data).where(LoggedEvent.type.like("github_%")))).scalars()
        assert github.key.encode() not in kept
        assert github.key not in str(list(told))
    assert (await github.api.delete(url, headers=github.header)).status_code == 204
    assert (await github.send("ping", {})).status_code == 401


async def test_the_key_is_for_maintainers(api: httpx.AsyncClient) -> None:
    deployer = await make_user()
    project_id = await make_project(await make_user(), team={deployer: "deployer"})
    url, header = f"/api/v1/projects/{project_id}/github-hook", await bearer(deployer)
    assert [(await api.request(m, url, headers=header)).status_code for m in ("GET", "POST", "DELETE")] == [403] * 3


async def test_what_is_not_for_us_is_left_alone_and_what_is_broken_is_refused(github: Github) -> None:
    assert (await github.send("issues", {"action": "opened"})).json()["outcome"] == "ignored"
    elsewhere = await github.send("deployment", deployment(environment="preview-17"))
    assert elsewhere.json() == {"outcome": "ignored", "detail": "There is no environment called preview-17."}
    for broken in ({}, [], deployment(sha="main"), deployment(id="x")):
        assert (await github.send("deployment", broken)).status_code == 422
    assert await deployment_events() == []


async def test_one_at_a_time_holds_for_github_too(github: Github) -> None:
    await github.status("in_progress")
    second = deployment(id=72) | {"deployment_status": {"state": "in_progress"}}
    busy = await github.send("deployment_status", second, delivery="again")
    assert (busy.status_code, busy.json()["code"]) == (409, "environment_busy")
    await github.status("success")
    assert (await github.send("deployment_status", second, delivery="again")).json()["outcome"] == "done"
