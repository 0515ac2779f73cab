"""GitHub's webhook: signed with the project's secret, each delivery once, in any order."""

import hashlib
import hmac
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from sqlalchemy import select
from sqlmodel import col

from tca_app.core.database.session import reading
from tca_app.models import GithubHook, LoggedEvent
from tca_app.rest.bodies import MAX_GITHUB_BODY
from tests.factories import bearer, deployment_events, make_project, make_user

SHA = "9f1c2ab" * 5
REPOSITORY = {"id": 5, "full_name": "tca/billing"}


class Github:
    """A repository whose webhook leads to one project."""

    def __init__(self, api: httpx.AsyncClient, project_id: int, header: dict[str, str], key: str) -> None:
        self.api, self.project_id, self.header, self.key = api, project_id, header, key
        self.url = f"/api/hooks/github/{project_id}"

    async def send(self, event: str, payload: Any, *, delivery: str | None = None, key: str = "") -> httpx.Response:
        body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
        signature = hmac.new((key or self.key).encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": str(uuid4()) if delivery is None else delivery,
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        return await self.api.post(self.url, headers=headers, content=body)

    async def status(self, state: str, **fields: Any) -> httpx.Response:
        return await self.send("deployment_status", deployment() | {"deployment_status": {"state": state} | fields})

    async def listed(self) -> list[dict[str, Any]]:
        return (await self.api.get(f"/api/v1/projects/{self.project_id}/deployments", headers=self.header)).json()


def deployment(**fields: Any) -> dict[str, Any]:
    given = {"id": 71, "sha": SHA, "ref": "main", "environment": "Production", "creator": {"login": "octocat"}}
    return {"action": "created", "deployment": given | fields, "repository": REPOSITORY}


def push(*commits: tuple[str, str], repository: dict[str, Any] = REPOSITORY) -> dict[str, Any]:
    made = [{"id": sha, "timestamp": at} for sha, at in commits]
    return {"commits": made, "head_commit": None, "repository": repository}


@pytest.fixture
async def github(api: httpx.AsyncClient) -> Github:
    owner = await make_user()
    project_id, header = await make_project(owner), await bearer(owner)
    made = await api.post(f"/api/v1/projects/{project_id}/github-hook", headers=header)
    assert made.status_code == 201
    return Github(api, project_id, header, made.json()["secret"])


async def test_a_deployment_is_followed_from_its_start_to_its_end(github: Github) -> None:
    assert (await github.send("ping", {"zen": "Keep it logically awesome."})).json()["outcome"] == "done"
    pushed = await github.send("push", push((SHA, "2026-11-20T09:30:00+01:00")))
    assert pushed.json() == {"outcome": "done", "detail": "Recorded 1 commit."}
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
    late = push() | {"head_commit": {"id": SHA, "timestamp": "2026-11-20T09:30:00Z"}}
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
    assert set((await github.api.get(url, headers=github.header)).json()) == {
        "url",
        "rotated_at",
        "repository",
        "refused",
    }
    async with reading() as session:
        kept = (await session.execute(select(GithubHook.sealed_secret))).scalar_one()
        told = (await session.execute(select(LoggedEvent.data).where(col(LoggedEvent.type).like("github_%")))).scalars()
        assert github.key.encode() not in kept
        assert github.key not in str(list(told))
    assert (await github.api.delete(url, headers=github.header)).status_code == 204
    assert (await github.send("ping", {})).status_code == 401


async def test_the_key_is_for_maintainers(api: httpx.AsyncClient) -> None:
    deployer = await make_user()
    project_id = await make_project(await make_user(), team={deployer: "deployer"})
    url, header = f"/api/v1/projects/{project_id}/github-hook", await bearer(deployer)
    assert [(await api.request(m, url, headers=header)).status_code for m in ("GET", "POST", "DELETE")] == [403] * 3
    answer = await api.put(f"{url}/repository", headers=header, json={"repository_id": 6})
    assert answer.status_code == 403


async def test_what_is_not_for_us_is_left_alone_and_what_is_broken_is_refused(github: Github) -> None:
    assert (await github.send("issues", {"action": "opened"})).json()["outcome"] == "ignored"
    elsewhere = await github.send("deployment", deployment(environment="preview-17"))
    missing = "There is no environment named preview-17. Add it, then redeliver."
    assert elsewhere.json() == {"outcome": "ignored", "detail": missing}
    refused: tuple[dict[str, Any] | list[Any], ...] = ({}, [], deployment(sha="main"), deployment(id="x"))
    for broken in refused:
        assert (await github.send("deployment", broken)).status_code == 422
    assert await deployment_events() == []


async def test_one_at_a_time_holds_for_github_too(github: Github) -> None:
    await github.status("in_progress")
    second = deployment(id=72) | {"deployment_status": {"state": "in_progress"}}
    busy = await github.send("deployment_status", second, delivery="again")
    assert (busy.status_code, busy.json()["code"]) == (409, "environment_busy")
    await github.status("success")
    assert (await github.send("deployment_status", second, delivery="again")).json()["outcome"] == "done"


async def test_a_delivery_that_was_ignored_is_processed_when_it_is_sent_again(github: Github) -> None:
    unknown = deployment(environment="preview")
    first = await github.send("deployment", unknown, delivery="d1")
    assert first.json()["outcome"] == "ignored"
    url = f"/api/v1/projects/{github.project_id}/environments"
    assert (await github.api.post(url, headers=github.header, json={"name": "preview"})).status_code == 201
    assert (await github.send("deployment", unknown, delivery="d1")).json()["outcome"] == "done"
    assert (await github.send("deployment", unknown, delivery="d1")).json()["outcome"] == "known"
    assert [row["environment"]["name"] for row in await github.listed()] == ["preview"]


async def test_an_archived_project_says_so_and_takes_the_delivery_once_it_is_active(github: Github) -> None:
    url = f"/api/v1/projects/{github.project_id}"
    await github.api.patch(url, headers=github.header, json={"status": "archived"})
    refused = await github.send("deployment", deployment(), delivery="d1")
    assert refused.json() == {"outcome": "ignored", "detail": "The project is archived. Activate it, then redeliver."}
    await github.api.patch(url, headers=github.header, json={"status": "active"})
    assert (await github.send("deployment", deployment(), delivery="d1")).json()["outcome"] == "done"


async def test_deliveries_without_an_id_are_each_processed(github: Github) -> None:
    for number in (71, 72, 71):
        answer = await github.send("deployment", deployment(id=number), delivery="")
        assert answer.json()["outcome"] == "done"
    assert len(await github.listed()) == 2  # the third is recognised by the number of its deployment


@pytest.mark.parametrize(
    ("payload", "version"),
    [("", "main"), ("please", "main"), ('{"version": "1.4.2"}', "1.4.2"), ("[1]", "main"), ({"version": 7}, "main")],
)
async def test_github_may_leave_the_creator_out_and_send_a_payload_of_text(
    github: Github, payload: object, version: str
) -> None:
    answer = await github.send("deployment", deployment(creator=None, payload=payload, description=None))
    assert answer.status_code == 200
    (found,) = await github.listed()
    assert (found["version"], found["reporter"], found["description"]) == (version, "GitHub", "")


async def test_the_links_of_the_run_the_log_and_the_environment_are_kept(github: Github) -> None:
    run = {"workflow_run": {"html_url": "https://github.com/tca/billing/actions/runs/7"}}
    await github.send("deployment", deployment() | run)
    await github.status("in_progress", target_url="https://ci_runner.example.com/7", log_url="", description=None)
    await github.status("success", environment_url="https://billing.example.com", log_url="javascript:alert(1)")
    (found,) = await github.listed()
    assert {name: found[name] for name in ("ci_url", "log_url", "environment_url")} == {
        "ci_url": "https://github.com/tca/billing/actions/runs/7",
        "log_url": "https://ci_runner.example.com/7",
        "environment_url": "https://billing.example.com",
    }
    # after the end, too: the order of deliveries does not matter
    await github.status("in_progress", log_url="https://ci.example.com/log")
    assert (await github.listed())[0]["log_url"] == "https://ci.example.com/log"


async def test_a_second_result_is_ignored_and_the_response_says_so(github: Github) -> None:
    await github.status("success")
    answer = await github.status("failure")
    assert answer.json() == {
        "outcome": "ignored",
        "detail": "The deployment is already succeeded. Its first result stays.",
    }
    assert [row["status"] for row in await github.listed()] == ["succeeded"]


async def test_a_commit_in_upper_case_is_the_same_commit(github: Github) -> None:
    await github.send("push", push((SHA.upper(), "2026-11-20T09:30:00Z")))
    await github.send("deployment", deployment(sha=SHA))
    (found,) = await github.listed()
    assert (found["commit_sha"], found["commit_at"]) == (SHA, "2026-11-20T09:30:00Z")


async def test_a_push_of_25_mb_is_taken_and_a_larger_body_is_refused(github: Github) -> None:
    payload = push((SHA, "2026-11-20T09:30:00Z"))
    large = orjson.dumps(payload | {"filler": "x" * 25_000_000})
    assert (await github.send("push", large)).json()["outcome"] == "done"
    refused = await github.send("push", large + b" " * (MAX_GITHUB_BODY + 1 - len(large)))
    assert (refused.status_code, refused.json()["detail"]) == (413, "The request body is larger than 25 MiB.")
    elsewhere = await github.api.post(f"/api/v1/projects/{github.project_id}/github-hook", content=large)
    assert elsewhere.status_code == 413


async def test_another_repository_is_refused_until_it_is_accepted(github: Github) -> None:
    other = {"id": 6, "full_name": "tca/ledger"}
    url = f"/api/v1/projects/{github.project_id}/github-hook"
    assert (await github.send("ping", {"zen": "Design for failure.", "repository": REPOSITORY})).status_code == 200
    stray = deployment(id=99) | {"repository": other}
    refused = await github.send("deployment", stray, delivery="d1")
    assert (refused.status_code, refused.json()["code"]) == (409, "another_repository")
    assert "tca/billing" in refused.json()["detail"]
    assert await github.listed() == []
    shown = (await github.api.get(url, headers=github.header)).json()
    assert (shown["repository"], shown["refused"]["full_name"]) == (REPOSITORY, "tca/ledger")

    unseen = await github.api.put(f"{url}/repository", headers=github.header, json={"repository_id": 7})
    assert unseen.status_code == 404
    for _ in range(2):
        accepted = await github.api.put(f"{url}/repository", headers=github.header, json={"repository_id": 6})
        assert (accepted.status_code, accepted.json()["repository"]) == (200, other)
        assert accepted.json()["refused"] is None
    assert (await github.send("deployment", stray, delivery="d1")).json()["outcome"] == "done"
    assert (await github.send("deployment", deployment())).status_code == 409
    async with reading() as session:
        kept = select(LoggedEvent.data).where(LoggedEvent.type == "github_repository_accepted")
        (data,) = (await session.execute(kept)).scalars()
    assert (data["before"], data["after"]) == ({"repository": "tca/billing"}, {"repository": "tca/ledger"})


async def test_a_repository_that_was_renamed_is_the_same_one(github: Github) -> None:
    await github.send("push", push((SHA, "2026-11-20T09:30:00Z")))
    renamed = await github.send(
        "push", push((SHA, "2026-11-20T09:30:00Z"), repository={"id": 5, "full_name": "tca/bill"})
    )
    assert renamed.status_code == 200
    url = f"/api/v1/projects/{github.project_id}/github-hook"
    assert (await github.api.get(url, headers=github.header)).json()["repository"]["full_name"] == "tca/bill"
