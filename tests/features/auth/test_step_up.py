"""Sensitive changes need a proof of identity that is at most ten minutes old."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import update

from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.core.errors import ReauthenticationRequired
from tca_app.features.users import service as users
from tca_app.features.users.bulk import bulk_users
from tca_app.features.users.schemas import UserBulk, UserUpdate
from tca_app.models import AuthSession
from tests.factories import PASSWORD, bearer, make_admin, make_project, make_user, make_webhook, run, signed_in

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
    inactive, deleted = await make_admin(), await make_admin()
    await run(users.update_user, admin, inactive.user_id, UserUpdate(is_active=False))
    await run(users.delete_user, admin, deleted.user_id)
    leaver = await make_user()
    await make_project(leaver)
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
        ("PATCH", f"/api/v1/users/{inactive.user_id}", {"is_active": True}),
        ("POST", f"/api/v1/users/{deleted.user_id}/restore", None),
        ("DELETE", f"/api/v1/users/{leaver.user_id}?transfer_to={admin.user_id}", None),
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
        assert answer.is_success, (path, answer.text)


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


async def test_many_at_once_are_asked_too(admin: Actor) -> None:
    """The same by the bulk action: no administrator and no owner comes into being without a proof."""
    (signed, _), leaver, ended = await signed_in(admin), await make_user(), await make_admin()
    await make_project(leaver)
    await run(users.delete_user, admin, ended.user_id)
    await grow_old()
    for data in (
        UserBulk(action="restore", ids=[ended.user_id]),
        UserBulk(action="delete", ids=[leaver.user_id], transfer_to=admin.user_id),
    ):
        with pytest.raises(ReauthenticationRequired):
            await run(bulk_users, signed, data)
