"""A POST repeated with its Idempotency-Key: one effect, the policy first, and no secret."""

from base64 import b64encode
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, select, text, update

from tca_app.core.database.session import reading, transaction
from tca_app.core.telemetry.redaction import is_secret
from tca_app.models import IdempotencyKey, ProjectMember, User
from tests.factories import (
    bearer,
    make_admin,
    make_check,
    make_delivery,
    make_deployment,
    make_incident,
    make_maintenance,
    make_project,
    make_user,
    make_webhook,
)
from tests.rest_api import document

V1 = "/api/v1"


async def stored_answers() -> str:
    async with reading() as session:
        return " ".join((await session.execute(select(IdempotencyKey.answer))).scalars())


async def test_a_secret_is_in_the_first_answer_only_and_is_not_stored(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    project_id, hook = await make_project(owner), await make_webhook(owner := await make_admin())
    header = await bearer(owner)
    calls = {
        f"{V1}/webhooks": {"url": "https://hooks.example.com/in"},
        f"{V1}/webhooks/{hook.id}/rotate-secret": None,
        f"{V1}/projects/{project_id}/github-hook": None,
    }
    for number, (url, body) in enumerate(calls.items()):
        keyed = header | {"Idempotency-Key": f"k{number}"}
        first, again = [await api.post(url, json=body, headers=keyed) for _ in range(2)]
        secret = first.json()["secret"]
        assert len(secret) > 40
        assert (again.status_code, again.json()) == (first.status_code, first.json() | {"secret": None}), url
        assert secret not in await stored_answers()
    async with reading() as session:
        sealed = text("SELECT secret FROM webhooks UNION ALL SELECT sealed_secret FROM github_hooks")
        kept = [b64encode(value).decode() for value in (await session.execute(sealed)).scalars()]
    assert len(kept) == 3
    assert not [value for value in kept if value in await stored_answers()], "not sealed either"


def test_every_secret_of_a_repeatable_answer_is_documented_as_null() -> None:
    secrets: dict[tuple[str, str], dict[str, Any]] = {}
    for path, methods in document()["paths"].items():
        keyed = any(part["name"].lower() == "idempotency-key" for part in methods.get("post", {}).get("parameters", []))
        for status, answer in methods.get("post", {}).get("responses", {}).items() if keyed else ():
            if status.startswith("2"):
                name = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                fields = document()["components"]["schemas"][name]["properties"]
                secrets |= {
                    (path, field): fields[field]
                    for field in fields
                    if is_secret(field) and fields[field].get("type") != "boolean"
                }
    assert {path for path, _ in secrets} == {
        f"{V1}/webhooks",
        f"{V1}/webhooks/{{webhook_id}}/rotate-secret",
        f"{V1}/projects/{{project_id}}/github-hook",
        f"{V1}/invitations",
        f"{V1}/invitations/{{invitation_id}}/resend",
        f"{V1}/tokens",
        f"{V1}/tokens/{{token_id}}/rotate",
        f"{V1}/projects/{{project_id}}/tokens",
        f"{V1}/projects/{{project_id}}/tokens/{{token_id}}/rotate",
    }
    for field in secrets.values():
        assert {"type": "null"} in field["anyOf"]
        assert "Idempotency-Key" in field["description"]


@pytest.fixture
async def story(api: httpx.AsyncClient) -> dict[str, Any]:
    """What a maintainer asked of a project, with the keys and the first answers."""
    owner, maintainer, other = await make_user(), await make_user(), await make_user()
    project_id = await make_project(owner, team={maintainer: "maintainer"})
    hook = await make_webhook(owner, "https://hooks.example.com/in", project_id)
    delivery = await make_delivery(hook.id)
    await make_deployment(project_id, status="succeeded", version="1.0.0")
    ended = await make_deployment(project_id, status="succeeded", version="1.1.0")
    running = await make_deployment(project_id, "staging", status="in_progress")
    pending = [await make_deployment(project_id, "staging", status="pending_approval") for _ in range(2)]
    check_id = await make_check(project_id)
    incident, window = await make_incident(check_id), await make_maintenance(project_id, check_id)
    project, deployments = f"{V1}/projects/{project_id}", f"{V1}/deployments"
    new = {"environment": "staging", "version": "2.0.0"}
    maintenance = {"title": "Upgrade", "check_ids": [check_id]}
    maintenance |= {"starts_at": "2099-01-01T00:00:00Z", "ends_at": "2099-01-02T00:00:00Z"}
    freeze = {"starts_at": "2031-01-01T00:00:00Z", "ends_at": "2031-01-02T00:00:00Z", "why": "Party"}
    calls: dict[str, Any] = {
        f"{V1}/webhooks": {"project_id": project_id, "url": "https://hooks.example.com/two"},
        f"{V1}/webhooks/{hook.id}/rotate-secret": None,
        f"{V1}/webhooks/{hook.id}/test": None,
        f"{V1}/webhooks/{hook.id}/deliveries/{delivery}/redeliver": None,
        f"{project}/github-hook": None,
        f"{project}/environments": {"name": "load-test"},
        f"{project}/members": {"user_id": other.user_id, "role": "viewer"},
        f"{project}/deployments": new,
        f"{deployments}/{ended}/rollback": {},
        f"{deployments}/{pending[0]}/approve": {},
        f"{deployments}/{pending[1]}/refuse": {"reason": "Not today"},
        f"{deployments}/{running}/logs": {"first_seq": 1, "lines": ["hello"]},
        f"{V1}/incidents/{incident}/notes": {"note": "We look at it"},
        f"{V1}/incidents/{incident}/acknowledge": None,
        f"{V1}/incidents": {"title": "Slow", "message": "We look at it", "project_id": project_id},
        f"{V1}/maintenance-windows": maintenance | {"project_id": project_id},
        f"{V1}/maintenance-windows/{window}/cancel": None,
        f"{project}/freezes": freeze,
    }
    header = await bearer(maintainer)
    for number, (url, body) in enumerate(calls.items()):
        keyed = header | {"Idempotency-Key": f"key-{number}"}
        first, again = [await api.post(url, json=body, headers=keyed) for _ in range(2)]
        assert (first.status_code < 300, again.status_code) == (True, first.status_code), (url, first.text, again.text)
    return {"calls": calls, "header": header, "maintainer": maintainer, "project_id": project_id, "owner": owner}


async def test_who_lost_a_project_gets_no_earlier_answer_about_it(
    api: httpx.AsyncClient, story: dict[str, Any]
) -> None:
    async with transaction() as session:
        left = delete(ProjectMember).where(ProjectMember.user_id == story["maintainer"].user_id)
        await session.execute(left)
    for number, (url, body) in enumerate(story["calls"].items()):
        keyed = story["header"] | {"Idempotency-Key": f"key-{number}"}
        answer = await api.post(url, json=body, headers=keyed)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), url


async def test_who_may_manage_nothing_any_more_gets_no_webhook_again(
    api: httpx.AsyncClient, story: dict[str, Any]
) -> None:
    async with transaction() as session:
        await session.execute(
            update(ProjectMember)
            .where(ProjectMember.user_id == story["maintainer"].user_id)
            .values(role="viewer")
            .execution_options(synchronize_session=False)
        )
    for number, (url, body) in enumerate(story["calls"].items()):
        keyed = story["header"] | {"Idempotency-Key": f"key-{number}"}
        answer = await api.post(url, json=body, headers=keyed)
        if "webhooks" in url or "github-hook" in url or url.endswith(("/members", "/notes")):
            assert answer.status_code == 403, url
        else:
            assert answer.status_code in (200, 201), url  # a viewer sees it anyway


async def test_who_is_no_administrator_any_more_gets_no_account_again(api: httpx.AsyncClient) -> None:
    admin = await make_admin()
    header = await bearer(admin) | {"Idempotency-Key": "k1"}
    body = {"email": "new@example.com", "username": "newcomer", "password": "Green-Boat-42"}
    assert (await api.post(f"{V1}/users", json=body, headers=header)).status_code == 201
    assert (await api.post(f"{V1}/users", json=body, headers=header)).status_code == 201
    async with transaction() as session:
        await session.execute(update(User).where(User.id == admin.user_id).values(is_superuser=False))
    again = await api.post(f"{V1}/users", json=body, headers=header)
    assert (again.status_code, "newcomer" in again.text) == (404, False)


async def test_the_previous_owner_gets_the_stored_response_of_a_transfer(api: httpx.AsyncClient) -> None:
    """The reason for the key is a lost response: the action itself removed the caller's permission."""
    owner, heir = await make_user(), await make_user()
    project_id = await make_project(owner, team={heir: "maintainer"})
    header = await bearer(owner) | {"Idempotency-Key": "k1"}
    url, body = f"{V1}/projects/{project_id}/transfer", {"user_id": heir.user_id}
    first, again = [await api.post(url, json=body, headers=header) for _ in range(2)]
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
