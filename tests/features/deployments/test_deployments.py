"""Deployments over REST: creation, steps, lists, and who may read them."""

from typing import Any

import httpx
import pytest

from tca_app.core.actor import Actor
from tests.factories import bearer, deployment_events, make_admin, make_deployment, make_project, make_user

NEW = {"environment": "production", "version": "1.4.2", "commit_sha": "9f1c2ab", "ref": "main"}
Given = tuple[int, dict[str, str]]


@pytest.fixture
async def owner() -> Actor:
    return await make_user()


@pytest.fixture
async def deployer(owner: Actor) -> Given:
    """A project and the header of one who deploys it."""
    person = await make_user()
    return await make_project(owner, "Billing", team={person: "deployer"}), await bearer(person)


async def step(api: httpx.AsyncClient, header: dict[str, str], deployment_id: int, **body: Any) -> httpx.Response:
    return await api.patch(f"/api/v1/deployments/{deployment_id}", headers=header, json=body)


async def test_a_deployment_goes_from_queued_to_succeeded(api: httpx.AsyncClient, deployer: Given) -> None:
    project_id, header = deployer
    made = await api.post(f"/api/v1/projects/{project_id}/deployments", headers=header, json=NEW)
    assert (made.status_code, made.json()["status"]) == (201, "queued")
    assert "etag" not in made.headers
    deployment_id = made.json()["id"]
    assert (await step(api, header, deployment_id, status="in_progress")).json()["started_at"]
    done = await step(api, header, deployment_id, status="succeeded")
    assert (done.json()["status"], done.json()["environment"]["name"]) == ("succeeded", "production")
    read = await api.get(made.headers["location"], headers=header)
    assert read.json() == done.json()
    assert await deployment_events() == [
        ("deployment_queued", "queued"),
        ("deployment_started", "in_progress"),
        ("deployment_succeeded", "succeeded"),
    ]


ALLOWED = {
    ("queued", "in_progress"),
    ("queued", "cancelled"),
    ("pending_approval", "cancelled"),
    ("in_progress", "succeeded"),
    ("in_progress", "failed"),
    ("in_progress", "cancelled"),
}


IN_THE_WAY = {
    "pending_approval": "awaiting_approval",
    "queued": "illegal_step",
    "in_progress": "already_in_progress",
    "succeeded": "deployment_finished",
    "failed": "deployment_finished",
    "cancelled": "deployment_cancelled",
}


@pytest.mark.parametrize("to", ["queued", "in_progress", "succeeded", "failed", "cancelled"])
@pytest.mark.parametrize("start", ["pending_approval", "queued", "in_progress", "succeeded", "failed", "cancelled"])
async def test_every_other_step_is_409_and_changes_nothing(
    api: httpx.AsyncClient, deployer: Given, start: str, to: str
) -> None:
    project_id, header = deployer
    deployment_id = await make_deployment(project_id, status=start)
    answer = await step(api, header, deployment_id, status=to)
    if (start, to) in ALLOWED:
        assert answer.json()["status"] == to
        return
    assert (answer.status_code, answer.json()["code"]) == (409, IN_THE_WAY[start])
    now = (await api.get(f"/api/v1/deployments/{deployment_id}", headers=header)).json()
    assert (now["status"], await deployment_events()) == (start, [])


async def test_one_at_a_time_unless_the_environment_allows_more(
    api: httpx.AsyncClient, owner: Actor, deployer: Given
) -> None:
    project_id, header = deployer
    first, second = await make_deployment(project_id, status="in_progress"), await make_deployment(project_id)
    busy = await step(api, header, second, status="in_progress")
    assert (busy.status_code, busy.json()["code"]) == (409, "environment_busy")
    elsewhere = await make_deployment(project_id, "staging")
    assert (await step(api, header, elsewhere, status="in_progress")).status_code == 200
    environments = f"/api/v1/projects/{project_id}/environments"
    production = (await api.get(environments, headers=header)).json()[-1]["id"]
    await api.patch(f"{environments}/{production}", headers=await bearer(owner), json={"allow_parallel": True})
    assert (await step(api, header, second, status="in_progress")).status_code == 200
    assert (await step(api, header, first, status="failed", reason="Disk full")).json()["reason"] == "Disk full"


async def test_a_viewer_reads_and_a_stranger_sees_nothing(api: httpx.AsyncClient, owner: Actor) -> None:
    viewer = await make_user()
    project_id = await make_project(owner, team={viewer: "viewer"})
    deployment_id = await make_deployment(project_id)
    header, url = await bearer(viewer), f"/api/v1/deployments/{deployment_id}"
    assert (await api.get(url, headers=header)).status_code == 200
    assert (await step(api, header, deployment_id, status="in_progress")).status_code == 403
    assert (await api.post(f"/api/v1/projects/{project_id}/deployments", headers=header, json=NEW)).status_code == 403
    stranger = await bearer(await make_user())
    assert (await api.get(url, headers=stranger)).status_code == 404
    assert (await step(api, stranger, deployment_id, status="in_progress")).status_code == 404
    listed = await api.get("/api/v1/deployments", headers=stranger)
    assert (listed.json(), listed.headers["x-total-count"]) == ([], "0")
    by_project = await api.get(f"/api/v1/deployments?project_id={project_id}", headers=stranger)
    assert by_project.status_code == 404


async def test_the_same_report_again_is_the_same_deployment(api: httpx.AsyncClient, deployer: Given) -> None:
    project_id, header = deployer
    url, report = f"/api/v1/projects/{project_id}/deployments", NEW | {"external_id": "ci-4711"}
    first = await api.post(url, headers=header, json=report)
    await step(api, header, first.json()["id"], status="in_progress")
    again = await api.post(url, headers=header, json=report)
    assert (again.status_code, again.json()["id"], again.json()["status"]) == (201, first.json()["id"], "in_progress")
    other = await api.post(url, headers=header, json=report | {"version": "1.4.3"})
    assert (other.status_code, other.json()["code"]) == (409, "external_id_taken")
    keyed = header | {"Idempotency-Key": "k1"}
    once, twice = [(await api.post(url, headers=keyed, json=NEW)).json()["id"] for _ in range(2)]
    assert once == twice


@pytest.mark.parametrize(
    ("change", "code"),
    [({"environment": "moon"}, 409), ({"version": ""}, 422), ({"commit_sha": "main"}, 422), ({"status": "x"}, 422)],
)
async def test_a_report_that_makes_no_sense_is_refused(
    api: httpx.AsyncClient, deployer: Given, change: dict[str, str], code: int
) -> None:
    project_id, header = deployer
    answer = await api.post(f"/api/v1/projects/{project_id}/deployments", headers=header, json=NEW | change)
    assert answer.status_code == code


async def test_nothing_new_comes_to_an_archived_project(api: httpx.AsyncClient, owner: Actor) -> None:
    project_id = await make_project(owner, status="archived")
    answer = await api.post(f"/api/v1/projects/{project_id}/deployments", headers=await bearer(owner), json=NEW)
    assert (answer.status_code, answer.json()["code"]) == (409, "project_archived")


async def test_lists_are_narrowed_and_paged(api: httpx.AsyncClient, owner: Actor) -> None:
    mine, other = await make_project(owner), await make_project(owner)
    ids = [await make_deployment(mine, version=f"1.0.{n}", ref=f"release/{n}") for n in range(3)]
    failed = await make_deployment(other, "staging", status="failed", source="github")
    await make_deployment(await make_project(await make_user()))
    header = await bearer(owner)

    async def found(query: str = "", headers: dict[str, str] = header) -> list[int]:
        answer = await api.get(f"/api/v1/deployments?{query}", headers=headers)
        return [row["id"] for row in answer.json()]

    assert await found() == [failed, *reversed(ids)]
    assert await found("status=failed") == [failed]
    assert await found("environment=STAGING") == [failed]
    assert await found("source=github") == [failed]
    assert await found("search=RELEASE/1") == [ids[1]]
    assert await found(f"project_id={mine}&skip=1&limit=1") == [ids[1]]
    page = await api.get(f"/api/v1/projects/{mine}/deployments?limit=2", headers=header)
    assert ([row["id"] for row in page.json()], page.headers["x-total-count"]) == ([ids[2], ids[1]], "3")
    assert len(await found(headers=await bearer(await make_admin()))) == 5


async def test_what_is_in_the_trash_is_not_listed(api: httpx.AsyncClient, owner: Actor) -> None:
    project_id = await make_project(owner)
    deployment_id = await make_deployment(project_id)
    for header in (await bearer(owner), await bearer(await make_admin())):
        assert len((await api.get("/api/v1/deployments", headers=header)).json()) == 1
    await api.delete(f"/api/v1/projects/{project_id}", headers=await bearer(owner))
    for header in (await bearer(owner), await bearer(await make_admin())):
        assert (await api.get("/api/v1/deployments", headers=header)).json() == []
        assert (await api.get(f"/api/v1/deployments/{deployment_id}", headers=header)).status_code == 404


async def test_changes_name_the_commits_and_what_came_between(api: httpx.AsyncClient, owner: Actor) -> None:
    project_id = await make_project(owner, repository_url="https://github.com/tca/billing.git")
    before = await make_deployment(project_id, status="succeeded", commit_sha="aaaaaaa")
    between = await make_deployment(project_id, status="failed", commit_sha="bbbbbbb")
    await make_deployment(project_id, "staging", status="succeeded", commit_sha="ddddddd")
    now = await make_deployment(project_id, status="succeeded", commit_sha="ccccccc")
    changes = (await api.get(f"/api/v1/deployments/{now}/changes", headers=await bearer(owner))).json()
    assert changes["compare_url"] == "https://github.com/tca/billing/compare/aaaaaaa...ccccccc"
    assert (changes["before"]["id"], [row["id"] for row in changes["between"]]) == (before, [between])
    first = (await api.get(f"/api/v1/deployments/{before}/changes", headers=await bearer(owner))).json()
    assert first == {"before": None, "compare_url": "", "between": []}


async def test_what_runs_where_is_the_last_that_succeeded(api: httpx.AsyncClient, owner: Actor) -> None:
    project_id = await make_project(owner, "Billing")
    await make_project(await make_user(), "Elsewhere")
    await make_deployment(project_id, status="succeeded", version="1.0.0")
    last = await make_deployment(project_id, status="succeeded", version="1.1.0", created_by_id=owner.user_id)
    await make_deployment(project_id, status="failed", version="1.2.0")
    await make_deployment(project_id, "staging", status="in_progress", version="1.3.0")
    (found,) = (await api.get("/api/v1/deployments/current", headers=await bearer(owner))).json()
    assert found["project"]["name"] == "Billing"
    places = [(place["environment"], place["version"], place["is_deploying"]) for place in found["places"]]
    assert places == [("development", None, False), ("staging", None, True), ("production", "1.1.0", False)]
    runs = found["places"][2]
    assert (runs["deployment_id"], runs["who"], runs["created_by_id"]) == (last, owner.display_name, owner.user_id)


async def test_the_log_is_a_file_too(api: httpx.AsyncClient, owner: Actor) -> None:
    deployment_id = await make_deployment(await make_project(owner), status="in_progress")
    url, header = f"/api/v1/deployments/{deployment_id}/logs", await bearer(owner)
    await api.post(url, headers=header, json={"first_seq": 1, "lines": ["one", "two"]})
    file = await api.get(f"{url}/download", headers=header)
    assert (file.text, file.headers["content-type"]) == ("one\ntwo\n", "text/plain; charset=utf-8")
    assert (await api.get(f"{url}/download", headers=await bearer(await make_user()))).status_code == 404


async def test_a_version_may_be_an_image_reference_with_its_digest(api: httpx.AsyncClient, deployer: Given) -> None:
    project_id, header = deployer
    url = f"/api/v1/projects/{project_id}/deployments"
    image = "registry.example.com/platform/billing-api@sha256:" + "9f1c2ab0" * 8
    long = "v" * 255
    for version in (image, long):
        made = await api.post(url, headers=header, json={"environment": "production", "version": version})
        assert (made.status_code, made.json()["version"]) == (201, version)
    refused = await api.post(url, headers=header, json={"environment": "production", "version": "v" * 256})
    assert refused.json()["errors"] == [{"pointer": "/version", "detail": "Use at most 255 characters."}]
    for search in (image, long, "9f1c2ab0" * 8):
        found = await api.get(url, headers=header, params={"search": search})
        assert [row["version"] for row in found.json()] == [long if search == long else image]


@pytest.mark.parametrize("sha", ["9F1C2AB", "9F1C2AB0" * 5, "9f1c2ab0" * 8])
async def test_a_commit_is_kept_in_lower_case_and_found_in_any(
    api: httpx.AsyncClient, deployer: Given, sha: str
) -> None:
    project_id, header = deployer
    url = f"/api/v1/projects/{project_id}/deployments"
    made = await api.post(url, headers=header, json={"environment": "production", "version": "1", "commit_sha": sha})
    assert (made.status_code, made.json()["commit_sha"]) == (201, sha.lower())
    found = await api.get(url, headers=header, params={"search": sha.upper()})
    assert len(found.json()) == 1


@pytest.mark.parametrize("sha", ["9f1c2a", "9f1c2ag", "9f1c2ab0" * 6, " 9f1c2ab"])
async def test_what_is_no_commit_is_refused_in_words(api: httpx.AsyncClient, deployer: Given, sha: str) -> None:
    project_id, header = deployer
    data = {"environment": "production", "version": "1", "commit_sha": sha}
    refused = await api.post(f"/api/v1/projects/{project_id}/deployments", headers=header, json=data)
    assert refused.json()["errors"][0]["detail"] == "Use 7 to 40 of the characters 0-9 and a-f, or all 64 of SHA-256."


async def test_a_ci_link_is_kept_as_it_was_typed(api: httpx.AsyncClient, deployer: Given) -> None:
    project_id, header = deployer
    url, data = f"/api/v1/projects/{project_id}/deployments", {"environment": "production", "version": "1"}
    made = await api.post(url, headers=header, json=data | {"ci_url": "https://ci_runner.example.com"})
    assert (made.status_code, made.json()["ci_url"]) == (201, "https://ci_runner.example.com")
    refused = await api.post(url, headers=header, json=data | {"ci_url": "https://ana:x@example.com"})
    reason = "Remove the user name and password from the URL."
    assert refused.json()["errors"] == [{"pointer": "/ci_url", "detail": reason}]
