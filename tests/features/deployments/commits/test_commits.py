"""The commits between two versions: as GitHub pushes them and as CI reports them."""

from typing import Any

import httpx
import pytest

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.features.deployments import approvals
from tca_app.features.deployments.commits.schemas import MAX_COMMITS, CommitRange
from tca_app.features.deployments.commits.service import commits_between
from tca_app.features.deployments.github.payloads import PushPayload
from tca_app.features.deployments.github.service import _keep_commits
from tests.factories import bearer, make_deployment, make_project, make_user, run

AT = "2026-11-20T09:30:00Z"


def sha(name: str) -> str:
    """A hash that begins with a letter of its own."""
    return (name.encode().hex() * 20)[:40]


def push(before: str, *names: str, ref: str = "refs/heads/main", **more: Any) -> PushPayload:
    commits = [
        {
            "id": sha(name),
            "timestamp": AT,
            "message": f"Commit {name}\n\nWith a body",
            "author": {"name": "Ana", "email": "ana@example.com"},
            "url": f"https://github.com/tca/billing/commit/{sha(name)}",
        }
        for name in names
    ]
    since = sha(before) if before else "0" * 40
    about = {"repository": {"id": 5, "full_name": "tca/billing"}, "ref": ref, "before": since}
    return PushPayload.model_validate(about | {"commits": commits} | more)


async def pushed(project_id: int, *payloads: PushPayload) -> None:
    async with transaction() as session:
        for payload in payloads:
            await _keep_commits(session, project_id, payload)


async def between(project_id: int, older: str, newer: str) -> CommitRange:
    async with reading() as session:
        return await commits_between(session, project_id, older, newer)


def names(found: CommitRange) -> list[str]:
    return [commit.message.removeprefix("Commit ") for commit in found.commits]


@pytest.fixture
async def owner() -> Actor:
    return await make_user()


@pytest.fixture
async def project_id(owner: Actor) -> int:
    return await make_project(owner, repository_url="https://github.com/tca/billing")


async def test_commits_follow_over_several_pushes_in_any_order(project_id: int) -> None:
    await pushed(project_id, push("c", "d", "e"), push("a", "b", "c"))
    found = await between(project_id, sha("a"), sha("e"))
    assert (found.is_known, found.is_truncated, names(found)) == (True, False, ["e", "d", "c", "b"])
    first = found.commits[0]
    assert (first.author, first.url) == ("Ana", f"https://github.com/tca/billing/commit/{sha('e')}")
    assert names(await between(project_id, sha("b")[:7], sha("d")[:12])) == ["d", "c"]
    assert names(await between(project_id, sha("c"), sha("c")[:7])) == []
    await pushed(project_id, push("c", "d", "e"))
    assert len((await between(project_id, sha("a"), sha("e"))).commits) == 4


async def test_a_merge_brings_the_commits_of_its_branch_once(project_id: int) -> None:
    branch = push("", "b", "c", ref="refs/heads/feature")
    await pushed(project_id, branch, push("a", "b", "c", "m"))
    assert names(await between(project_id, sha("a"), sha("m"))) == ["m", "c", "b"]


async def test_what_was_not_reported_is_not_guessed(owner: Actor, project_id: int) -> None:
    rewritten = push("b", "d", "e", forced=True)
    await pushed(project_id, push("a", "b"), rewritten)
    other = await make_project(owner)
    for older, newer in (
        (sha("a"), sha("e")),
        (sha("x"), sha("b")),
        (sha("e"), sha("a")),
        ("", sha("b")),
        (sha("a"), ""),
    ):
        assert not (await between(project_id, older, newer)).is_known
    assert not (await between(other, sha("a"), sha("b"))).is_known


async def test_more_than_250_commits_are_cut(project_id: int) -> None:
    many = [f"{number:03}" for number in range(120)]
    before = "a"
    for part in range(3):
        there = [f"{part}{name}" for name in many]
        await pushed(project_id, push(before, *there))
        before = there[-1]
    found = await between(project_id, sha("a"), sha(before))
    assert (found.is_known, found.is_truncated, len(found.commits)) == (True, True, MAX_COMMITS)
    assert names(found)[0] == "2119"


async def test_one_push_keeps_its_newest_250_commits(project_id: int) -> None:
    many = [f"{number:04}" for number in range(260)]
    await pushed(project_id, push("a", *many))
    assert not (await between(project_id, sha("a"), sha(many[9]))).is_known
    assert len((await between(project_id, sha(many[20]), sha(many[-1]))).commits) == 239


async def deploy(api: httpx.AsyncClient, who: Actor, project_id: int, **fields: Any) -> httpx.Response:
    body = {"environment": "production", "version": "1.0.0", "status": "succeeded"} | fields
    return await api.post(f"/api/v1/projects/{project_id}/deployments", headers=await bearer(who), json=body)


async def read(api: httpx.AsyncClient, who: Actor, deployment_id: int) -> dict[str, Any]:
    answer = await api.get(f"/api/v1/deployments/{deployment_id}/commits", headers=await bearer(who))
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_a_deployment_shows_what_it_adds_and_what_it_takes_back(
    api: httpx.AsyncClient, owner: Actor, project_id: int
) -> None:
    await pushed(project_id, push("a", "b", "c"))
    ids = []
    for version, commit in (("1.0.0", "a"), ("1.1.0", "c"), ("1.0.0", "a"), ("2.0.0", "x")):
        made = await deploy(api, owner, project_id, version=version, commit_sha=sha(commit))
        ids.append(made.json()["id"])
    seen = [await read(api, owner, deployment_id) for deployment_id in ids]
    assert [(one["before_version"], one["is_known"], one["is_undone"], len(one["commits"])) for one in seen] == [
        ("", False, False, 0),
        ("1.0.0", True, False, 2),
        ("1.1.0", True, True, 2),
        ("1.0.0", False, False, 0),
    ]


async def test_a_rollback_says_which_commits_it_takes_back(owner: Actor, project_id: int) -> None:
    await pushed(project_id, push("a", "b", "c"))
    await make_deployment(project_id, status="succeeded", version="1.0.0", commit_sha=sha("a"))
    current = await make_deployment(project_id, status="succeeded", version="1.1.0", commit_sha=sha("c"))
    await make_deployment(project_id, status="failed", version="1.2.0", commit_sha=sha("x"))
    plan = await run(approvals.plan_rollback, owner, current)
    assert plan.compare_url.endswith(f"/compare/{sha('c')}...{sha('a')}")
    assert (names(plan.undone), plan.undone.is_known) == (["c", "b"], True)


REPORTED: dict[str, Any] = {
    "since": sha("a"),
    "commits": [
        {"sha": sha("b"), "message": "Commit\tb\r\n\r\nMore", "author": "Bob", "at": AT},
        {"sha": sha("c"), "message": None, "at": AT, "url": "https://git.example.com/c"},
    ],
}


async def test_ci_reports_the_commits_of_a_deployment(api: httpx.AsyncClient, owner: Actor, project_id: int) -> None:
    await deploy(api, owner, project_id, commit_sha=sha("a")[:7])
    made = await deploy(api, owner, project_id, version="1.1.0", commit_sha=sha("c"), commits=REPORTED)
    found = await read(api, owner, made.json()["id"])
    assert [(one["message"], one["author"], one["url"]) for one in found["commits"]] == [
        ("", "", "https://git.example.com/c"),
        ("Commit b", "Bob", ""),
    ]


async def test_ci_does_not_replace_what_github_signed(api: httpx.AsyncClient, owner: Actor, project_id: int) -> None:
    await pushed(project_id, push("a", "b"))
    await deploy(api, owner, project_id, commit_sha=sha("c"), commits=REPORTED)
    assert (await between(project_id, sha("a"), sha("b"))).commits[0].author == "Ana"
    await pushed(project_id, push("b", "c"))
    assert (await between(project_id, sha("b"), sha("c"))).commits[0].message == "Commit c"


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"commit_sha": sha("b")}, 422),
        ({"commits": REPORTED | {"commits": []}}, 422),
        ({"commits": REPORTED | {"commits": REPORTED["commits"] * 126}}, 422),
        ({"commits": REPORTED | {"since": "9f1c2ab"}}, 422),
        ({"commits": {"since": sha("a"), "commits": [{"sha": sha("c"), "at": AT, "url": "javascript:alert(1)"}]}}, 422),
    ],
)
async def test_a_wrong_report_stores_nothing(
    api: httpx.AsyncClient, owner: Actor, project_id: int, wrong: dict[str, Any], status: int
) -> None:
    fields = {"commit_sha": sha("c"), "commits": REPORTED} | wrong
    assert (await deploy(api, owner, project_id, **fields)).status_code == status
    assert not (await between(project_id, sha("a"), sha("c"))).is_known


async def test_a_circle_of_commits_ends(project_id: int) -> None:
    await pushed(project_id, push("c", "a"), push("a", "b"), push("b", "c"))
    assert len((await between(project_id, sha("x"), sha("c"))).commits) == MAX_COMMITS


async def test_strangers_read_no_commits(api: httpx.AsyncClient, project_id: int) -> None:
    deployment_id = await make_deployment(project_id)
    header = await bearer(await make_user())
    assert (await api.get(f"/api/v1/deployments/{deployment_id}/commits", headers=header)).status_code == 404
