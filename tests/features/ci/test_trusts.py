"""The issuers that a project trusts: who may say so, and what is refused."""

from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update
from sqlmodel import col

from tca_app.core.database.session import reading, transaction
from tca_app.core.outgoing import ssrf_safe
from tca_app.features.ci.claims import Job, job_of, match
from tca_app.features.ci.schemas import GITHUB
from tca_app.models import AuthSession, CiTrust
from tests.factories import bearer, make_project, make_token, make_user
from tests.features.ci.issuer import GITHUB_JOB, GITLAB_JOB

TRUST: dict[str, Any] = {"name": "Release", "issuer": GITHUB, "claims": {"repository": "acme/ledger"}}


async def test_a_trust_is_added_changed_and_removed_with_events(api: httpx.AsyncClient) -> None:
    owner = await make_user("ana")
    project_id = await make_project(owner, "Ledger")
    header, url = await bearer(owner), f"/api/v1/projects/{project_id}/ci-trusts"
    made = await api.post(url, headers=header, json=TRUST)
    assert made.status_code == 201, made.text
    assert made.json() | TRUST == made.json()
    assert (made.json()["created_by"], made.json()["last_used_at"]) == ("Ana", None)
    claims = {"repository": "acme/ledger", "ref": "refs/heads/release/*"}
    one = f"{url}/{made.json()['id']}"
    changed = await api.patch(one, headers=header, json={"name": "Tags", "claims": claims})
    assert (changed.status_code, changed.json()["claims"], changed.json()["name"]) == (200, claims, "Tags")
    assert (await api.patch(one, headers=header, json={"name": "Tags"})).status_code == 200  # no change, no event
    assert (await api.get(url, headers=header)).json() == [changed.json()]
    assert (await api.delete(one, headers=header)).status_code == 204
    assert (await api.get(url, headers=header)).json() == []
    assert (await api.delete(one, headers=header)).status_code == 404
    logged = (await api.get(f"/api/v1/activity?project_id={project_id}", headers=header)).json()
    found = {event["type"]: event for event in logged if event["type"].startswith("ci_")}
    assert [event["type"] for event in logged if event["type"].startswith("ci_")] == [
        "ci_trust_removed",
        "ci_trust_changed",
        "ci_trust_added",
    ]
    assert found["ci_trust_changed"]["before"] == {"name": "Release", "claims": TRUST["claims"]}
    assert found["ci_trust_added"]["summary"] == "Ana added the trusted issuer Release to Ledger"


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("deployer", 403), ("maintainer", 201), (None, 404)])
async def test_only_maintainers_and_owners_trust_an_issuer(
    api: httpx.AsyncClient, role: str | None, status: int
) -> None:
    owner, actor = await make_user(), await make_user()
    project_id = await make_project(owner, team={actor: role} if role else {})
    header, url = await bearer(actor), f"/api/v1/projects/{project_id}/ci-trusts"
    assert (await api.post(url, headers=header, json=TRUST)).status_code == status
    assert (await api.get(url, headers=header)).status_code == (200 if status == 201 else status)


async def test_a_token_trusts_nobody(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    url = f"/api/v1/projects/{project_id}/ci-trusts"
    made = (await api.post(url, headers=await bearer(owner), json=TRUST)).json()
    _, header = await make_token(owner, project_id, role="maintainer", scopes=["write"])
    for method, path, body in (
        ("GET", url, None),
        ("POST", url, TRUST),
        ("PATCH", f"{url}/{made['id']}", {"name": "x"}),
        ("DELETE", f"{url}/{made['id']}", None),
    ):
        answer = await api.request(method, path, headers=header, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "session_required")


async def test_a_change_of_an_older_version_is_refused(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    header, url = await bearer(owner), f"/api/v1/projects/{await make_project(owner)}/ci-trusts"
    made = (await api.post(url, headers=header, json=TRUST)).json()
    path, first = f"{url}/{made['id']}", {**header, "If-Match": f'"{made["version"]}"'}
    renamed = await api.patch(path, headers=first, json={"name": "Nightly"})
    assert (renamed.status_code, renamed.headers["ETag"]) == (200, '"2"')
    stale = await api.patch(path, headers=first, json={"name": "Weekly"})
    assert (stale.status_code, stale.json()["errors"][0]["pointer"]) == (412, "/name")
    (kept,) = (await api.get(url, headers=header)).json()
    assert (kept["name"], kept["version"]) == ("Nightly", 2)


async def test_a_change_needs_a_recent_proof_and_a_removal_does_not(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    project_id = await make_project(owner)
    header, url = await bearer(owner), f"/api/v1/projects/{project_id}/ci-trusts"
    made = (await api.post(url, headers=header, json=TRUST)).json()
    async with transaction() as session:
        await session.execute(
            update(AuthSession).values(verified_at=func.now() - func.make_interval(0, 0, 0, 0, 0, 11))
        )
    for answer in (
        await api.post(url, headers=header, json=TRUST),
        await api.patch(f"{url}/{made['id']}", headers=header, json={"claims": {"repository": "acme/other"}}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "reauth_required")
    assert (await api.delete(f"{url}/{made['id']}", headers=header)).status_code == 204


@pytest.mark.parametrize(
    ("change", "pointer", "words"),
    [
        ({"issuer": "http://ci.example.com"}, "/issuer", "https://"),
        ({"issuer": "https://127.0.0.1"}, "/issuer", "public Internet"),
        ({"issuer": "https://ci.internal"}, "/issuer", "public host"),
        ({"issuer": "https://ci.example.com:8443"}, "/issuer", "ports 80 and 443"),
        ({"issuer": "https://ci.example.com/?x=1"}, "/issuer", "no query"),
        ({"issuer": "https://a:b@ci.example.com"}, "/issuer", "user name"),
        ({"issuer": "ftp://ci.example.com"}, "/issuer", "https://"),
        ({"issuer": ""}, "/issuer", "Required"),
        ({"claims": {}}, "/claims", ""),
        ({"claims": {"ref": "refs/heads/main"}}, "/claims", "Name the repository"),
        ({"claims": {"repository": "*"}}, "/claims/repository", "characters"),
        ({"claims": {"repository": "acme*"}}, "/claims", "owner/*"),
        ({"claims": {"repository": "acme/led*"}}, "/claims", "owner/*"),
        ({"claims": {"repository": "/*"}}, "/claims", "owner/*"),
        ({"claims": {"repository_id": "7*"}}, "/claims", "whole name"),
        ({"claims": {"sub": "repo:acme/*"}}, "/claims", "whole name"),
        ({"claims": {"repository": "ac*me/ledger"}}, "/claims/repository", "characters"),
        ({"claims": {"repository": "acme/ledger", "ref": ""}}, "/claims/ref", "Required"),
        ({"claims": {"repository": 7}}, "/claims/repository", ""),
        ({"claims": {f"c{n}": "x" for n in range(11)}}, "/claims", ""),
        ({"name": " "}, "/name", ""),
    ],
)
async def test_an_unsafe_trust_is_refused_at_its_field(
    api: httpx.AsyncClient, change: dict[str, Any], pointer: str, words: str
) -> None:
    owner = await make_user()
    url = f"/api/v1/projects/{await make_project(owner)}/ci-trusts"
    header = await bearer(owner)
    answer = await api.post(url, headers=header, json=TRUST | change)
    assert answer.status_code == 422, answer.text
    errors = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
    assert words in errors[pointer]
    made = (await api.post(url, headers=header, json=TRUST)).json()
    assert (await api.patch(f"{url}/{made['id']}", headers=header, json=change)).status_code == 422
    async with reading() as session:
        assert (await session.execute(select(col(CiTrust.claims)))).scalars().all() == [TRUST["claims"]]


async def test_all_repositories_of_an_owner_may_be_trusted(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    url = f"/api/v1/projects/{await make_project(owner)}/ci-trusts"
    answer = await api.post(url, headers=await bearer(owner), json=TRUST | {"claims": {"repository": "acme/*"}})
    assert answer.status_code == 201


async def test_a_project_trusts_20_issuers_at_most(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tca_app.features.ci.service.MOST", 2)
    owner = await make_user()
    header, url = await bearer(owner), f"/api/v1/projects/{await make_project(owner)}/ci-trusts"
    answers = [(await api.post(url, headers=header, json=TRUST)).status_code for _ in range(3)]
    assert answers == [201, 201, 409]


@pytest.mark.parametrize(
    ("trusted", "is_trusted"),
    [
        ({"repository": "acme/ledger"}, True),
        ({"repository": "acme/*"}, True),
        ({"repository": "acme/ledger", "ref": "refs/heads/*"}, True),
        ({"repository": "acme/ledger", "ref": "refs/tags/*"}, False),
        ({"repository": "acme/ledger", "head_ref": "*"}, True),
        ({"repository": "acme/ledger", "missing": "x"}, False),
        ({"repository": "acme/ledger", "missing": "x*"}, False),
        ({"repository": "acme/ledge"}, False),
        ({"repository": "acme/ledger/"}, False),
        ({}, False),
    ],
)
def test_claims_match_wholly_or_by_their_beginning(trusted: dict[str, str], is_trusted: bool) -> None:
    assert match(trusted, GITHUB_JOB) == is_trusted


def test_a_claim_that_is_a_number_or_a_boolean_matches_its_text() -> None:
    assert match({"runner_id": "1", "yes": "true"}, GITLAB_JOB | {"yes": True})
    assert not match({"user_identities": "x"}, GITLAB_JOB)


def test_a_job_is_named_in_short_printable_words() -> None:
    assert job_of(GITHUB_JOB) == Job("acme/ledger", "refs/heads/main", "production", "1658821493")
    assert job_of(GITLAB_JOB).words == "acme/platform/ledger, run 574"
    odd = job_of({"sub": "a\n\u202eb" + "c" * 500, "run_id": ["x"]})
    assert (odd.words, odd.run_id) == ("ab" + "c" * 98, "")


def test_the_presets_are_public_hosts() -> None:
    assert ssrf_safe.target_of(GITHUB).host == "token.actions.githubusercontent.com"
