"""Sensitive changes need a proof of identity that is at most ten minutes old."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import update

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.models import AuthSession
from tests.factories import PASSWORD, bearer, make_admin, make_project, make_user, make_webhook

Headers = dict[str, str]


async def grow_old(minutes: int = 11) -> None:
    """Let every session's proof be so many minutes old."""
    async with transaction() as session:
        older = AuthSession.verified_at - timedelta(minutes=minutes)
        await session.execute(update(AuthSession).values(verified_at=older))


@pytest.fixture
async def admin() -> Actor:
    return await make_admin()


async def sensitive_calls(admin: Actor) -> list[tuple[str, str, dict[str, object] | None]]:
    other, project_id = await make_user(), await make_project(admin)
    hook = await make_webhook(admin, project_id=project_id)
    project = f"/api/v1/projects/{project_id}"
    account = {"email": "new@example.com", "username": "newadmin", "password": PASSWORD, "is_superuser": True}
    return [
        ("PATCH", f"/api/v1/users/{other.user_id}", {"is_superuser": True}),
        ("PATCH", f"/api/v1/users/{other.user_id}", {"email": "other@example.com"}),
        ("PATCH", f"/api/v1/users/{other.user_id}", {"password": "Other-Boat-43"}),
        ("POST", "/api/v1/users", account),
        ("POST", f"{project}/members", {"user_id": other.user_id, "role": "maintainer"}),
        ("POST", f"/api/v1/webhooks/{hook.id}/rotate-secret", None),
        ("POST", f"{project}/github-hook", None),
        ("PATCH", f"{project}/slack", {"url": "https://hooks.slack.com/services/T0000/B0000/XXXX"}),
        ("POST", f"{project}/transfer", {"user_id": other.user_id}),
    ]


async def test_each_is_refused_with_an_old_proof_and_works_after_the_password(
    api: httpx.AsyncClient, admin: Actor
) -> None:
    headers, calls = await bearer(admin), await sensitive_calls(admin)
    await grow_old()
    for method, path, body in calls:
        answer = await api.request(method, path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "reauth_required"), (path, answer.text)
    proof = await api.post("/api/auth/reauthenticate", json={"password": PASSWORD}, headers=headers)
    assert proof.status_code == 204
    for method, path, body in calls:
        answer = await api.request(method, path, json=body, headers=headers)
        assert answer.status_code in (200, 201), (path, answer.text)


async def test_a_proof_lasts_ten_minutes(api: httpx.AsyncClient, admin: Actor) -> None:
    headers, other = await bearer(admin), await make_user()
    await grow_old(9)
    answer = await api.patch(f"/api/v1/users/{other.user_id}", json={"is_superuser": True}, headers=headers)
    assert answer.status_code == 200


async def test_it_holds_for_the_session_that_gave_it(api: httpx.AsyncClient, admin: Actor) -> None:
    mine, theirs, other = await bearer(admin), await bearer(admin), await make_user()
    await grow_old()
    assert (await api.post("/api/auth/reauthenticate", json={"password": PASSWORD}, headers=mine)).status_code == 204
    url, body = f"/api/v1/users/{other.user_id}", {"is_superuser": True}
    assert (await api.patch(url, json=body, headers=theirs)).status_code == 403
    assert (await api.patch(url, json=body, headers=mine)).status_code == 200


async def test_an_unchanged_role_needs_no_proof(api: httpx.AsyncClient, admin: Actor) -> None:
    headers, other = await bearer(admin), await make_user()
    await grow_old()
    body = {"full_name": "Somebody", "is_superuser": False}
    assert (await api.patch(f"/api/v1/users/{other.user_id}", json=body, headers=headers)).status_code == 200


async def test_a_wrong_password_is_counted_and_then_waits(api: httpx.AsyncClient, admin: Actor) -> None:
    headers = await bearer(admin)
    for _ in range(5):
        answer = await api.post("/api/auth/reauthenticate", json={"password": "Wrong-1"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "wrong_password")
    answer = await api.post("/api/auth/reauthenticate", json={"password": PASSWORD}, headers=headers)
    assert answer.status_code == 429
