"""The exchange of a job's ID token for a token of its project."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from limits import parse
from sqlalchemy import func, select, update
from sqlmodel import col

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.cache.local import LocalCache
from tca_app.core.cache.redis import get_redis
from tca_app.core.database.session import reading, transaction
from tca_app.core.outgoing import openid
from tca_app.core.security.rate_limits import TOKEN_EXCHANGE, get_limits
from tca_app.features.ci import service as trusts
from tca_app.features.ci.schemas import ACCESS_TOKEN, JWT, TrustUpdate
from tca_app.features.retention import service as retention
from tca_app.models import ApiToken, LoggedEvent, Project, UsedIdToken, User
from tests.factories import bearer, make_project, make_token, make_trust, make_user, row_of, run
from tests.features.auth.oauth.provider import KEYS
from tests.features.ci.conftest import ask, token_for
from tests.features.ci.issuer import GITLAB_JOB, Issuer
from tests.logs import written_log

ME = "/api/v1/users/me"
REPORT = {"environment": "staging", "version": "1.4.2"}
CLAIMS = {"repository": "acme/ledger", "environment": "production"}


@pytest.fixture
async def owner() -> Actor:
    return await make_user()


@pytest.fixture
async def ledger(owner: Actor, issuer: Issuer) -> int:
    """A project that trusts the production jobs of a repository."""
    project_id = await make_project(owner, "Ledger")
    await make_trust(owner, project_id, issuer=issuer.url, claims=CLAIMS)
    return project_id


async def test_a_job_of_github_gets_a_token_of_15_minutes(api: httpx.AsyncClient, issuer: Issuer, ledger: int) -> None:
    answer = await ask(api, issuer.job_token(), "ledger")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    text = body.pop("access_token")
    assert body == {
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": 900,
        "scope": "read deploy",
    }
    async with reading() as session:
        (row,) = (await session.execute(select(ApiToken))).scalars()
    assert row.expires_at is not None
    assert timedelta(minutes=14) < row.expires_at - datetime.now(UTC) <= timedelta(minutes=15)
    assert (row.project_id, row.scopes) == (ledger, ["read", "deploy"])
    header = {"Authorization": f"Bearer {text}"}
    made = await api.post(f"/api/v1/projects/{ledger}/deployments", headers=header, json=REPORT)
    assert made.status_code == 201, made.text
    assert made.json()["created_by"]["full_name"] == "Release"


async def test_a_job_of_gitlab_gets_a_token(api: httpx.AsyncClient, issuer: Issuer, owner: Actor) -> None:
    project_id = await make_project(owner, "Platform")
    await make_trust(
        owner, project_id, issuer=issuer.url, claims={"project_path": "acme/platform/ledger", "ref": "main"}
    )
    header = await token_for(api, issuer.job_token(GITLAB_JOB), project_id)
    (logged,) = (await api.get("/api/v1/activity?type=ci_job_authenticated", headers=header)).json()
    assert logged["actor_name"] == "Release: acme/platform/ledger, run 574"


async def test_the_project_is_named_by_number_slug_or_url(api: httpx.AsyncClient, issuer: Issuer, ledger: int) -> None:
    for key in (str(ledger), "ledger"):
        assert (await ask(api, issuer.job_token(), key)).status_code == 200
        page = f"{get_settings().public_url}/projects/{key}"
        assert (await ask(api, issuer.job_token(), "", resource=page)).status_code == 200
    assert (await ask(api, issuer.job_token(), "ledger", subject_token_type=JWT)).status_code == 200


async def test_events_and_the_list_of_tokens_name_the_job(
    api: httpx.AsyncClient, issuer: Issuer, ledger: int, owner: Actor
) -> None:
    header, id_token = await bearer(owner), issuer.job_token()
    using = await token_for(api, id_token, ledger)
    await api.post(f"/api/v1/projects/{ledger}/deployments", headers=using, json=REPORT)
    (token,) = (await api.get(f"/api/v1/projects/{ledger}/tokens", headers=header)).json()
    (trust,) = (await api.get(f"/api/v1/projects/{ledger}/ci-trusts", headers=header)).json()
    assert (token["name"], token["role"]) == ("Release: acme/ledger, run 1658821493", "deployer")
    assert (token["ci_trust_id"], token["created_by"]) == (trust["id"], "")
    assert trust["last_used_at"] is not None
    (logged,) = (await api.get("/api/v1/activity?type=ci_job_authenticated", headers=header)).json()
    assert (
        logged["data"].items()
        >= {
            "trust_id": trust["id"],
            "trust": "Release",
            "repository": "acme/ledger",
            "ref": "refs/heads/main",
            "environment": "production",
            "run_id": "1658821493",
        }.items()
    )
    (queued,) = (await api.get("/api/v1/activity?type=deployment_queued", headers=header)).json()
    assert queued["actor_type"] == "token"
    assert queued["actor_name"] == "Release: acme/ledger, run 1658821493"
    async with reading() as session:
        events = str([dict(row) for row in (await session.execute(select(LoggedEvent.data))).scalars()])
    assert id_token not in events
    assert using["Authorization"].removeprefix("Bearer ") not in events


async def test_the_token_sees_its_own_project_alone(
    api: httpx.AsyncClient, issuer: Issuer, ledger: int, owner: Actor
) -> None:
    other = await make_project(owner, "Other")
    header = await token_for(api, issuer.job_token(), ledger)
    assert (await api.get(f"/api/v1/projects/{other}", headers=header)).status_code == 404
    assert (await api.post(f"/api/v1/projects/{other}/deployments", headers=header, json=REPORT)).status_code == 404
    renamed = await api.patch(f"/api/v1/projects/{ledger}", headers=header, json={"description": "x"})
    assert (renamed.status_code, renamed.json()["code"]) == (403, "insufficient_scope")
    trust = await api.get(f"/api/v1/projects/{ledger}/ci-trusts", headers=header)
    assert (trust.status_code, trust.json()["code"]) == (403, "session_required")


WRONG: dict[str, dict[str, Any]] = {
    "wrong audience": {"aud": "https://other.example.com"},
    "audience of GitHub's default": {"aud": "https://github.com/acme"},
    "two audiences": {"aud": ["http://localhost:8000", "https://other.example.com"]},
    "no audience": {"aud": None},
    "expired": {"exp": -61},
    "no expiry": {"exp": None},
    "expiry that is no time": {"exp": "tomorrow"},
    "valid for days": {"exp": 3 * 86400},
    "not valid yet": {"nbf": 120},
    "issued in the future": {"iat": 120},
    "no time of issue": {"iat": None},
    "other repository": {"repository": "acme/other"},
    "repository with the same beginning": {"repository": "acme/ledger-evil"},
    "other case": {"repository": "Acme/Ledger"},
    "other environment": {"environment": "staging"},
    "no environment": {"environment": None},
    "list in place of a text": {"repository": ["acme/ledger"]},
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG)
async def test_a_wrong_claim_gets_the_answer_of_an_unknown_project(
    api: httpx.AsyncClient, issuer: Issuer, ledger: int, claims: dict[str, Any]
) -> None:
    now = datetime.now(UTC).timestamp()
    times = {name: now + value for name, value in claims.items() if isinstance(value, int)}
    given = {name: value for name, value in (claims | times).items() if value is not None}
    issuer.without = {name for name, value in claims.items() if value is None}
    answer = await ask(api, issuer.job_token(**given), ledger)
    issuer.without = set()
    await assert_refused(api, issuer, answer)


async def assert_refused(api: httpx.AsyncClient, issuer: Issuer, answer: httpx.Response) -> None:
    """It differs in nothing from the answer for a project that does not exist, and no token was made."""
    unknown = await ask(api, issuer.job_token(), "no-such-project")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}
    assert answer.json()["error"] == "invalid_request"
    assert answer.json()["error_description"] == answer.json()["detail"]
    async with reading() as session:
        assert (await session.execute(select(func.count()).select_from(ApiToken))).scalar_one() == 0


async def test_the_leeway_is_a_minute(api: httpx.AsyncClient, issuer: Issuer, ledger: int) -> None:
    now = int(datetime.now(UTC).timestamp())
    assert (await ask(api, issuer.job_token(exp=now - 50), ledger)).status_code == 200
    assert (await ask(api, issuer.job_token(nbf=now + 50, iat=now + 50), ledger)).status_code == 200


async def test_a_stranger_is_not_asked_for_keys(api: httpx.AsyncClient, issuer: Issuer, ledger: int) -> None:
    """Only an issuer that some project trusts is ever called."""
    for token in (issuer.job_token(iss="https://evil.example.com"), "nonsense", "a.b.c", "e30.e30.", "." * 50):
        await assert_refused(api, issuer, await ask(api, token, ledger))
    assert set(issuer.got) <= {"/.well-known/openid-configuration", "/keys"}
    assert len(issuer.got) == 2  # for the tokens of the comparison


async def test_a_project_trusts_only_its_own_issuer(
    api: httpx.AsyncClient, issuer: Issuer, ledger: int, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Issuer() as other:
        hosts = [one.url.removeprefix("http://") for one in (issuer, other)]
        monkeypatch.setattr(get_settings(), "outbound_allowed_hosts", hosts)
        await make_trust(owner, await make_project(owner, "Other"), issuer=other.url)
        await assert_refused(api, issuer, await ask(api, other.job_token(), ledger))


async def test_an_id_token_works_once(api: httpx.AsyncClient, issuer: Issuer, ledger: int, owner: Actor) -> None:
    other = await make_project(owner, "Other")
    await make_trust(owner, other, issuer=issuer.url)
    id_token = issuer.job_token()
    assert (await ask(api, id_token, ledger)).status_code == 200
    assert (await ask(api, id_token, ledger)).status_code == 400
    assert (await ask(api, id_token, other)).status_code == 400
    # The last character of the signature has bits that no decoder reads.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    same_bits = alphabet[alphabet.index(id_token[-1]) ^ 1]
    assert (await ask(api, id_token[:-1] + same_bits, ledger)).status_code == 400
    assert (await ask(api, id_token + "==", ledger)).status_code == 400


async def test_a_refused_id_token_is_not_used_up(api: httpx.AsyncClient, issuer: Issuer, ledger: int) -> None:
    id_token = issuer.job_token()
    assert (await ask(api, id_token, "no-such-project")).status_code == 400
    assert (await ask(api, id_token, ledger)).status_code == 200


async def test_of_20_parallel_exchanges_one_wins(api: httpx.AsyncClient, issuer: Issuer, ledger: int) -> None:
    id_token = issuer.job_token()
    answers = await asyncio.gather(*(ask(api, id_token, ledger) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19
    async with reading() as session:
        assert (await session.execute(select(func.count()).select_from(ApiToken))).scalar_one() == 1


async def test_keys_and_endpoints_are_fetched_once_and_follow_a_rotation(
    api: httpx.AsyncClient, issuer: Issuer, ledger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await token_for(api, issuer.job_token(), ledger)
    assert sorted(issuer.got) == ["/.well-known/openid-configuration", "/keys"]
    old = issuer.job_token()
    issuer.published, issuer.key, issuer.header = [KEYS[1]], KEYS[1], {"alg": "RS256", "kid": "two"}
    for _ in range(3):
        assert (await ask(api, issuer.job_token(), ledger)).status_code == 400
    assert issuer.got.count("/keys") == 1
    monkeypatch.setattr(openid, "REFETCH_AFTER_S", 0.0)
    await token_for(api, issuer.job_token(), ledger)
    assert issuer.got.count("/keys") == 2
    assert (await ask(api, old, ledger)).status_code == 400


async def test_an_issuer_that_is_down_is_said_to_be(api: httpx.AsyncClient, issuer: Issuer, ledger: int) -> None:
    issuer.status = 503
    for _ in range(3):
        answer = await ask(api, issuer.job_token(), ledger)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert len(issuer.got) == 1  # nothing is asked for five seconds after a failure


async def test_an_issuer_that_publishes_nonsense_is_not_asked_for_every_token(
    api: httpx.AsyncClient, issuer: Issuer, ledger: int
) -> None:
    issuer.metadata = {"issuer": "https://evil.example.com"}
    for _ in range(3):
        assert (await ask(api, issuer.job_token(), ledger)).status_code in (400, 503)
    assert len(issuer.got) == 1


async def test_without_its_trust_the_token_of_a_job_ends_at_once(
    api: httpx.AsyncClient, issuer: Issuer, ledger: int, owner: Actor, listening: LocalCache[Any]
) -> None:
    header, session = await token_for(api, issuer.job_token(), ledger), await bearer(owner)
    made = await api.post(f"/api/v1/projects/{ledger}/deployments", headers=header, json=REPORT)
    (trust,) = await run(trusts.list_trusts, owner, ledger)
    url = f"/api/v1/projects/{ledger}/ci-trusts/{trust.id}"
    assert (await api.delete(url, headers=session)).status_code == 204
    assert (await api.get(ME, headers=header)).status_code == 401
    assert (await ask(api, issuer.job_token(), ledger)).status_code == 400
    shown = (await api.get(f"/api/v1/deployments/{made.json()['id']}", headers=session)).json()
    assert shown["created_by"]["full_name"] == "Release"
    async with reading() as db:
        accounts = select(col(User.is_active)).where(col(User.kind) == "service")
        assert list((await db.execute(accounts)).scalars()) == [False]


async def test_of_exchanges_that_meet_a_removal_no_token_is_left(
    api: httpx.AsyncClient, issuer: Issuer, ledger: int, owner: Actor
) -> None:
    (trust,) = await run(trusts.list_trusts, owner, ledger)
    await token_for(api, issuer.job_token(), ledger)
    asked = [ask(api, issuer.job_token(), ledger) for _ in range(8)]
    removed = run(trusts.delete_trust, owner, ledger, trust.id)
    answers, _ = await asyncio.gather(asyncio.gather(*asked), removed)
    assert {answer.status_code for answer in answers} <= {200, 400}
    assert await _count(ApiToken) == 0


@pytest.mark.parametrize(
    ("change", "status"), [({"claims": {"repository": "acme/ledger"}}, 401), ({"name": "CD"}, 200)]
)
async def test_other_claims_end_the_tokens_that_jobs_have(
    api: httpx.AsyncClient,
    issuer: Issuer,
    ledger: int,
    owner: Actor,
    listening: LocalCache[Any],
    change: dict[str, Any],
    status: int,
) -> None:
    header = await token_for(api, issuer.job_token(), ledger)
    assert (await api.get(ME, headers=header)).status_code == 200
    (trust,) = await run(trusts.list_trusts, owner, ledger)
    await run(trusts.update_trust, owner, ledger, trust.id, TrustUpdate(**change))
    assert (await api.get(ME, headers=header)).status_code == status
    await token_for(api, issuer.job_token(), ledger)


async def test_a_revoked_token_of_a_job_leaves_the_next_job_alone(
    api: httpx.AsyncClient, issuer: Issuer, ledger: int, owner: Actor
) -> None:
    first, session = await token_for(api, issuer.job_token(), ledger), await bearer(owner)
    url = f"/api/v1/projects/{ledger}/tokens"
    (token,) = (await api.get(url, headers=session)).json()
    assert (await api.post(f"{url}/{token['id']}/rotate", headers=session, json={})).status_code == 409
    assert (await api.delete(f"{url}/{token['id']}", headers=session)).status_code == 204
    second = await token_for(api, issuer.job_token(), ledger)
    assert [(await api.get(ME, headers=one)).status_code for one in (first, second)] == [401, 200]
    made = await api.post(f"/api/v1/projects/{ledger}/deployments", headers=second, json=REPORT)
    assert made.status_code == 201


async def test_a_project_in_the_trash_gives_no_tokens(api: httpx.AsyncClient, issuer: Issuer, ledger: int) -> None:
    header = await token_for(api, issuer.job_token(), ledger)
    async with transaction() as session:
        await session.execute(update(Project).where(col(Project.id) == ledger).values(deleted_at=func.now()))
    assert (await api.get(ME, headers=header)).status_code == 401
    assert (await ask(api, issuer.job_token(), ledger)).status_code == 400


async def test_tokens_of_jobs_hide_no_other_token_and_go_a_day_after_their_end(
    api: httpx.AsyncClient, issuer: Issuer, ledger: int, owner: Actor
) -> None:
    kept, _ = await make_token(owner, ledger)
    for _ in range(2):
        await token_for(api, issuer.job_token(), ledger)
    listed = (await api.get(f"/api/v1/projects/{ledger}/tokens", headers=await bearer(owner))).json()
    assert [token["ci_trust_id"] is None for token in listed] == [True, False, False]
    await run(retention.trim)
    assert await _count(ApiToken) == 3
    async with transaction() as session:
        old = datetime.now(UTC) - timedelta(days=1, minutes=1)
        await session.execute(update(ApiToken).values(expires_at=old))
        await session.execute(update(UsedIdToken).values(expires_at=old))
    await run(retention.trim)
    assert (await _count(ApiToken), await _count(UsedIdToken)) == (1, 0)
    assert (await row_of(ApiToken, kept))["name"] == "CI"
    await token_for(api, issuer.job_token(), ledger)  # the account of the trust is still there


async def _count(table: Any) -> int:
    async with reading() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        ({"subject_token_type": ACCESS_TOKEN}, 400, "invalid_request"),
        ({"requested_token_type": JWT}, 400, "invalid_request"),
        ({"audience": ""}, 400, "invalid_target"),
        ({"resource": "https://console.example.com/projects/ledger"}, 400, "invalid_target"),
        ({"subject_token": ""}, 422, None),
        ({"subject_token": "x" * 20_000}, 422, None),
        ({"subject_token": "x" * 70_000}, 413, None),
        ({"audience": "x" * 300}, 422, None),
        ({"audience": "a\0b"}, 422, None),
    ],
)
async def test_a_malformed_request_says_what_is_wrong(
    api: httpx.AsyncClient, fields: dict[str, str], status: int, error: str | None
) -> None:
    answer = await ask(api, "x.y.z", "ledger", **fields)
    assert (answer.status_code, answer.json().get("error")) == (status, error), answer.text


async def test_json_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/auth/token-exchange", json={"grant_type": "x"})
    assert answer.status_code == 415


async def test_one_address_has_a_limit(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert TOKEN_EXCHANGE == {"token_exchange": "60/minute"}
    await get_redis().flushdb()
    monkeypatch.setitem(get_limits()._rates, "token_exchange", parse("2/minute"))
    answers = [(await ask(api, "nonsense", "ledger")).status_code for _ in range(3)]
    assert answers == [400, 400, 429]
    await get_redis().flushdb()


async def test_the_log_has_the_reason_and_no_token(api: httpx.AsyncClient, issuer: Issuer, ledger: int) -> None:
    id_token, wrong = issuer.job_token(), issuer.job_token(repository="acme/other")
    with written_log() as log:
        header = await token_for(api, id_token, ledger)
        await ask(api, wrong, ledger)
        await ask(api, id_token, ledger)
    written = log.getvalue()
    assert "the project does not trust these claims" in written
    assert "the ID token was used before" in written
    for secret in (id_token, wrong, header["Authorization"].removeprefix("Bearer ")):
        assert secret not in written
        assert secret.rpartition(".")[2] not in written
