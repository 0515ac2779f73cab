"""Personal API tokens over REST: shown once, hashed, expiring, rotated and revoked."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text, update
from sqlmodel import col

from tca_app.config.settings import get_settings
from tca_app.core.cache.local import LocalCache
from tca_app.core.database.session import transaction
from tca_app.core.security import rate_limits
from tca_app.core.security.api_tokens import new_api_token
from tca_app.core.security.tokens import token_hash
from tca_app.features.tokens.authentication import token_cache
from tca_app.models import ApiToken, AuthSession, User
from tests.factories import bearer, make_admin, make_project, make_token, make_user, row_of, signed_in, until

ME = "/api/v1/users/me"


async def change(token_id: int, **values: Any) -> None:
    async with transaction() as session:
        await session.execute(update(ApiToken).where(col(ApiToken.id) == token_id).values(values))


async def events_of_tokens() -> list[tuple[Any, ...]]:
    async with transaction() as session:
        rows = await session.execute(
            text("SELECT type, actor_type, actor_name, data::text FROM events WHERE subject_type = 'token' ORDER BY id")
        )
        return [tuple(row) for row in rows]


async def test_a_token_is_shown_once_and_stored_as_a_hash(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_user("ana"))
    answer = await api.post("/api/v1/tokens", headers=header, json={"name": "Laptop"})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    token = made["token"]
    assert (made["prefix"], made["scopes"], made["state"]) == (token[:10], ["read"], "active")
    row = await row_of(ApiToken, made["id"])
    assert row["token_hash"] == token_hash(token)
    assert token not in str(row)
    (listed,) = (await api.get("/api/v1/tokens", headers=header)).json()
    assert "token" not in listed
    assert token not in str(await events_of_tokens())
    me = await api.get(ME, headers={"Authorization": f"Bearer {token}"})
    assert me.json()["username"] == "ana"


async def test_a_repeated_creation_does_not_repeat_the_secret(api: httpx.AsyncClient) -> None:
    header = await bearer(await make_user()) | {"Idempotency-Key": "one"}
    first = (await api.post("/api/v1/tokens", headers=header, json={"name": "Laptop"})).json()
    second = (await api.post("/api/v1/tokens", headers=header, json={"name": "Laptop"})).json()
    assert second == first | {"token": None}


@pytest.mark.parametrize(
    "values",
    [{"revoked_at": datetime.now(UTC)}, {"expires_at": datetime.now(UTC) - timedelta(seconds=1)}],
    ids=["revoked", "expired"],
)
async def test_a_token_that_ended_is_refused(api: httpx.AsyncClient, values: dict[str, Any]) -> None:
    token_id, header = await make_token(await make_user())
    assert (await api.get(ME, headers=header)).status_code == 200
    await change(token_id, **values)
    assert (await api.get(ME, headers=header)).status_code == 401


@pytest.mark.parametrize(
    "token",
    [new_api_token(), "tca_x", "tca_" + "0" * 46, new_api_token()[:-1]],
    ids=["unknown", "short", "wrong checksum", "cut off"],
)
async def test_an_unknown_or_mistyped_token_is_refused(api: httpx.AsyncClient, token: str) -> None:
    answer = await api.get(ME, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert token not in answer.text


@pytest.mark.parametrize("values", [{"is_active": False}, {"deleted_at": datetime.now(UTC)}], ids=["inactive", "trash"])
async def test_the_token_of_somebody_who_may_not_sign_in_is_refused(
    api: httpx.AsyncClient, values: dict[str, Any]
) -> None:
    owner = await make_user()
    _, header = await make_token(owner)
    async with transaction() as session:
        await session.execute(update(User).where(col(User.id) == owner.user_id).values(values))
    assert (await api.get(ME, headers=header)).status_code == 401


async def _is_cached(api: httpx.AsyncClient, header: dict[str, str]) -> bool:
    await api.get(ME, headers=header)
    return bool(token_cache._values)


async def test_revoking_works_at_once_and_on_other_replicas(api: httpx.AsyncClient, listening: LocalCache[Any]) -> None:
    owner, other = await make_user(), await make_user()
    token_id, header = await make_token(owner)
    session = await bearer(owner)
    assert (await api.delete(f"/api/v1/tokens/{token_id}", headers=await bearer(other))).status_code == 404
    assert (await api.get(ME, headers=header)).status_code == 200
    assert (await api.get(ME, headers=header)).status_code == 200
    assert token_cache.is_listening
    assert (await api.delete(f"/api/v1/tokens/{token_id}", headers=session)).status_code == 204
    assert (await api.get(ME, headers=header)).status_code == 401
    assert (await api.delete(f"/api/v1/tokens/{token_id}", headers=session)).status_code == 204

    other_id, header = await make_token(owner)
    await until(lambda: _is_cached(api, header))
    await change(other_id, revoked_at=datetime.now(UTC))  # as another replica does it

    async def is_refused() -> bool:
        return (await api.get(ME, headers=header)).status_code == 401

    await until(is_refused, within_s=1)


async def test_an_administrator_revokes_but_does_not_rotate_the_token_of_another(api: httpx.AsyncClient) -> None:
    token_id, header = await make_token(await make_user())
    admin = await bearer(await make_admin())
    rotated = await api.post(f"/api/v1/tokens/{token_id}/rotate", headers=admin, json={})
    assert rotated.status_code == 404
    assert (await api.delete(f"/api/v1/tokens/{token_id}", headers=admin)).status_code == 204
    assert (await api.get(ME, headers=header)).status_code == 401


async def test_a_token_works_only_from_its_networks(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    _, elsewhere = await make_token(owner, allowed_networks=["203.0.113.0/24", "2001:db8::/32"])
    _, here = await make_token(owner, allowed_networks=["127.0.0.1"])
    assert (await api.get(ME, headers=elsewhere)).status_code == 401
    assert (await api.get(ME, headers=here)).status_code == 200


@pytest.mark.parametrize("network", ["10.0.0.0/33", "nowhere", "fe80::1%eth0", "", "10.0.0.0/8 "])
async def test_a_network_that_is_none_is_refused(api: httpx.AsyncClient, network: str) -> None:
    body = {"name": "Laptop", "allowed_networks": [network]}
    answer = await api.post("/api/v1/tokens", headers=await bearer(await make_user()), json=body)
    assert answer.status_code == 422


async def test_the_last_use_is_noted_at_most_once_a_minute(api: httpx.AsyncClient) -> None:
    token_id, header = await make_token(await make_user())
    assert (await row_of(ApiToken, token_id))["last_used_at"] is None
    await api.get(ME, headers=header)
    first = (await row_of(ApiToken, token_id))["last_used_at"]
    assert first is not None
    await api.get(ME, headers=header)
    assert (await row_of(ApiToken, token_id))["last_used_at"] == first
    await change(token_id, last_used_at=first - timedelta(seconds=61))
    await api.get(ME, headers=header)
    assert (await row_of(ApiToken, token_id))["last_used_at"] > first


async def test_rotation_overlaps_and_happens_once(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    token_id, old = await make_token(owner, scopes=["write"], expires_in_days=30, allowed_networks=["127.0.0.1"])
    session = await bearer(owner)
    url = f"/api/v1/tokens/{token_id}/rotate"
    answers = await asyncio.gather(*(api.post(url, headers=session, json={"overlap_hours": 1}) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 19]
    (made,) = (answer.json() for answer in answers if answer.status_code == 201)
    assert (made["scopes"], made["allowed_networks"]) == (["write"], ["127.0.0.1/32"])
    assert datetime.fromisoformat(made["expires_at"]) > datetime.now(UTC) + timedelta(days=29)
    new = {"Authorization": f"Bearer {made['token']}"}
    assert [(await api.get(ME, headers=header)).status_code for header in (old, new)] == [200, 200]
    ends_at = (await row_of(ApiToken, token_id))["expires_at"]
    assert ends_at <= datetime.now(UTC) + timedelta(hours=1)
    listed = {row["id"]: row["is_replaced"] for row in (await api.get("/api/v1/tokens", headers=session)).json()}
    assert listed == {token_id: True, made["id"]: False}
    await change(token_id, expires_at=datetime.now(UTC))
    assert [(await api.get(ME, headers=header)).status_code for header in (old, new)] == [401, 200]


async def test_rotation_without_overlap_ends_the_old_token(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    token_id, old = await make_token(owner)
    answer = await api.post(f"/api/v1/tokens/{token_id}/rotate", headers=await bearer(owner), json={"overlap_hours": 0})
    assert answer.status_code == 201
    assert (await api.get(ME, headers=old)).status_code == 401


async def test_a_token_has_no_more_than_its_maker(api: httpx.AsyncClient) -> None:
    ana, admin = await bearer(await make_user()), await bearer(await make_admin())
    for body in ({"name": "x", "scopes": ["admin"]}, {"name": "x", "expires_in_days": None}):
        assert (await api.post("/api/v1/tokens", headers=ana, json=body)).status_code == 403
        assert (await api.post("/api/v1/tokens", headers=admin, json=body)).status_code == 201
    assert (
        await api.post("/api/v1/tokens", headers=admin, json={"name": "x", "expires_in_days": 366})
    ).status_code == 422


async def test_an_administrator_who_is_demoted_loses_the_power_of_the_token(api: httpx.AsyncClient) -> None:
    admin = await make_admin()
    _, header = await make_token(admin, scopes=["admin"])
    assert (await api.get("/api/v1/users", headers=header)).status_code == 200
    async with transaction() as session:
        await session.execute(update(User).where(col(User.id) == admin.user_id).values(is_superuser=False))
    assert (await api.get("/api/v1/users", headers=header)).status_code == 403


async def test_creating_needs_a_recent_proof(api: httpx.AsyncClient) -> None:
    owner, header = await signed_in(await make_user())
    async with transaction() as session:
        old = datetime.now(UTC) - timedelta(minutes=11)
        await session.execute(
            update(AuthSession).where(col(AuthSession.id) == owner.session_id).values(verified_at=old)
        )
    answer = await api.post("/api/v1/tokens", headers=header, json={"name": "Laptop"})
    assert (answer.status_code, answer.json()["code"]) == (403, "reauth_required")


async def test_no_token_makes_lists_or_ends_tokens(api: httpx.AsyncClient) -> None:
    token_id, header = await make_token(await make_admin(), scopes=["admin"])
    for method, path in (
        ("GET", "/api/v1/tokens"),
        ("POST", "/api/v1/tokens"),
        ("DELETE", f"/api/v1/tokens/{token_id}"),
        ("POST", f"/api/v1/tokens/{token_id}/rotate"),
        ("GET", "/api/v1/admin/tokens"),
        ("POST", "/api/auth/reauthenticate"),
        ("POST", "/api/auth/logout-all"),
    ):
        answer = await api.request(method, path, headers=header, json={"name": "x"} if method == "POST" else None)
        assert (answer.status_code, answer.json()["code"]) == (403, "session_required"), path


async def test_events_name_the_token_and_its_owner(api: httpx.AsyncClient) -> None:
    owner = await make_user("ana")
    _, header = await make_token(owner, name="Nightly", scopes=["write"])
    assert (await api.post("/api/v1/projects", headers=header, json={"name": "Ledger"})).status_code == 201
    listed = (await api.get("/api/v1/activity?type=project_created", headers=header)).json()
    assert [(one["actor_type"], one["actor_name"], one["actor_id"]) for one in listed] == [
        ("token", "Nightly (Ana)", owner.user_id)
    ]
    assert listed[0]["summary"] == "Nightly (Ana) created Ledger"


async def test_calls_are_counted_for_each_token(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = await make_user()
    _, first = await make_token(owner)
    _, second = await make_token(owner)
    monkeypatch.setattr(get_settings(), "rate_limit_api", "2/minute")
    rate_limits.get_limits.cache_clear()
    codes = [(await api.get(ME, headers=header)).status_code for header in (first, first, first, second)]
    rate_limits.get_limits.cache_clear()
    assert codes == [200, 200, 429, 200]


async def test_only_administrators_see_the_tokens_of_all(api: httpx.AsyncClient) -> None:
    owner = await make_user("ana")
    project_id = await make_project(owner, "Ledger")
    await make_token(owner, name="Laptop")
    await make_token(owner, project_id, name="CI")
    refused = await api.get("/api/v1/admin/tokens", headers=await bearer(owner))
    assert refused.status_code == 403
    header = await bearer(await make_admin())
    answer = await api.get("/api/v1/admin/tokens?state=active&limit=1", headers=header)
    assert answer.headers["x-total-count"] == "2"
    assert [(one["name"], one["owner"], one["project_id"]) for one in answer.json()] == [("CI", "Ledger", project_id)]
    found = await api.get("/api/v1/admin/tokens?search=ana", headers=header)
    assert [one["name"] for one in found.json()] == ["Laptop"]
    assert (await api.get("/api/v1/admin/tokens?state=revoked", headers=header)).json() == []


async def test_there_are_at_most_fifty_live_tokens(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tca_app.features.tokens.service.MOST_LIVE", 1)
    owner = await make_user()
    token_id, _ = await make_token(owner)
    header = await bearer(owner)
    assert (await api.post("/api/v1/tokens", headers=header, json={"name": "x"})).status_code == 409
    await api.delete(f"/api/v1/tokens/{token_id}", headers=header)
    assert (await api.post("/api/v1/tokens", headers=header, json={"name": "x"})).status_code == 201
