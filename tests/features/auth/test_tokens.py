"""Access tokens, refresh tokens and the session behind them."""

import asyncio
import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from sqlalchemy import select, update
from sqlmodel import col

from tca_app.config.settings import get_settings
from tca_app.core.database.session import transaction
from tca_app.core.security.tokens import JWT_AUDIENCE, JWT_ISSUER
from tca_app.models import AuthSession, User
from tests.factories import PASSWORD, make_admin, make_user, signed_in

ME = "/api/v1/users/me"


async def tokens_of(api: httpx.AsyncClient, username: str) -> dict[str, Any]:
    answer = await api.post("/api/auth/login", json={"username": username, "password": PASSWORD})
    assert answer.status_code == 200
    return answer.json()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def me(api: httpx.AsyncClient, token: str) -> int:
    return (await api.get(ME, headers=bearer(token))).status_code


def _segment(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _attacks() -> dict[str, Any]:
    """Name to a change of (header, claims, key) of a good token; each must be refused."""
    now = int(time.time())
    return {
        "no algorithm": ({"alg": "none"}, {}, None),
        "no algorithm, capital": ({"alg": "None"}, {}, None),
        "another algorithm": ({"alg": "HS512"}, {}, None),
        "an asymmetric algorithm's name": ({"alg": "RS256"}, {}, None),
        "another key": ({}, {}, "x" * 48),
        "an empty key": ({}, {}, ""),
        "the session key": ({}, {}, "secret_key"),
        "a key id": ({"kid": "../../dev/null"}, {}, None),
        "an embedded key": ({"jwk": {"kty": "oct", "k": "eA"}}, {}, None),
        "a key by URL": ({"jku": "http://127.0.0.1/keys"}, {}, None),
        "a certificate by URL": ({"x5u": "http://127.0.0.1/cert"}, {}, None),
        "an unknown critical header": ({"crit": ["exp"], "exp": 1}, {}, None),
        "another type": ({"typ": "JWT"}, {}, None),
        "a refresh token's type": ({"typ": "rt+jwt"}, {}, None),
        "no type": ({"typ": None}, {}, None),
        "expired": ({}, {"exp": now - 31}, None),
        "expired long ago": ({}, {"exp": 1}, None),
        "no expiry": ({}, {"exp": None}, None),
        "expiry as text": ({}, {"exp": "tomorrow"}, None),
        "not yet valid": ({}, {"nbf": now + 600}, None),
        "issued in the future": ({}, {"iat": now + 600}, None),
        "another issuer": ({}, {"iss": "somebody-else"}, None),
        "no issuer": ({}, {"iss": None}, None),
        "another audience": ({}, {"aud": "another-api"}, None),
        "no audience": ({}, {"aud": None}, None),
        "no session": ({}, {"sid": None}, None),
        "a session that is not one": ({}, {"sid": "1 OR 1=1"}, None),
        "a session as an object": ({}, {"sid": {"$ne": None}}, None),
        "an unknown session": ({}, {"sid": "00000000-0000-4000-8000-000000000000"}, None),
        "no subject": ({}, {"sub": None}, None),
        "no token id": ({}, {"jti": None}, None),
    }


@pytest.mark.parametrize("name", _attacks())
async def test_no_forged_token_is_let_in(api: httpx.AsyncClient, name: str) -> None:
    await make_user("ana")
    good = (await tokens_of(api, "ana"))["access_token"]
    headers, claims, key = _attacks()[name]
    settings = get_settings()
    secret = {None: settings.jwt_secret_key.get_secret_value(), "secret_key": settings.secret_key.get_secret_value()}
    whole = jwt.decode_complete(good, options={"verify_signature": False})
    header = {k: v for k, v in {**whole["header"], **headers}.items() if v is not None}
    payload = {k: v for k, v in {**whole["payload"], **claims}.items() if v is not None}
    signing = f"{_segment(header)}.{_segment(payload)}"
    algorithm = jwt.get_algorithm_by_name("HS512" if header["alg"] == "HS512" else "HS256")
    signature = algorithm.sign(signing.encode(), secret.get(key, key or "").encode())
    sealed = "" if header["alg"].lower() == "none" else base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    answer = await api.get(ME, headers=bearer(f"{signing}.{sealed}"))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_forgery_itself_is_sound(api: httpx.AsyncClient) -> None:
    """The table above would prove nothing if an unchanged token, signed in the same way, were refused too."""
    await make_user("ana")
    good = (await tokens_of(api, "ana"))["access_token"]
    whole = jwt.decode_complete(good, options={"verify_signature": False})
    assert whole["payload"]["iss"] == JWT_ISSUER
    assert whole["payload"]["aud"] == JWT_AUDIENCE
    signing = f"{_segment(whole['header'])}.{_segment(whole['payload'])}"
    key = get_settings().jwt_secret_key.get_secret_value().encode()
    sealed = base64.urlsafe_b64encode(jwt.get_algorithm_by_name("HS256").sign(signing.encode(), key)).rstrip(b"=")
    assert await me(api, f"{signing}.{sealed.decode()}") == 200


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "x" * 5000, "ey.ey.ey", "\u00e9.\u00e9"])
async def test_rubbish_is_refused(api: httpx.AsyncClient, token: str) -> None:
    answer = await api.get(ME, headers={"Authorization": f"Bearer {token}".encode()})
    assert answer.status_code == 401


async def test_a_refresh_token_is_no_access_token(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    assert await me(api, (await tokens_of(api, "ana"))["refresh_token"]) == 401


async def refresh(api: httpx.AsyncClient, token: str) -> httpx.Response:
    return await api.post("/api/auth/refresh", json={"refresh_token": token})


async def test_refreshing_replaces_the_token(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    first = await tokens_of(api, "ana")
    second = (await refresh(api, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert await me(api, second["access_token"]) == 200
    third = await refresh(api, second["refresh_token"])
    assert third.status_code == 200


async def test_parallel_refreshes_leave_one_successor(api: httpx.AsyncClient) -> None:
    """Two tabs of one client must not log each other out."""
    await make_user("ana")
    token = (await tokens_of(api, "ana"))["refresh_token"]
    answers = await asyncio.gather(*(refresh(api, token) for _ in range(30)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def _age_rotation(seconds: float) -> None:
    async with transaction() as session:
        await session.execute(
            update(AuthSession).values(rotated_at=col(AuthSession.rotated_at) - timedelta(seconds=seconds))
        )


async def test_a_replayed_refresh_token_ends_the_family(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    first = await tokens_of(api, "ana")
    second = (await refresh(api, first["refresh_token"])).json()
    await _age_rotation(11)
    replay = await refresh(api, first["refresh_token"])
    assert (replay.status_code, replay.json()["code"]) == (401, "token_reused")
    assert (await refresh(api, second["refresh_token"])).status_code == 401
    assert await me(api, second["access_token"]) == 401


async def test_an_older_token_of_the_family_is_a_replay_at_once(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    first = (await tokens_of(api, "ana"))["refresh_token"]
    second = (await refresh(api, first)).json()["refresh_token"]
    third = (await refresh(api, second)).json()["refresh_token"]
    assert (await refresh(api, first)).json()["code"] == "token_reused"
    assert (await refresh(api, third)).status_code == 401


async def test_the_life_of_a_session_is_not_extended(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    token = (await tokens_of(api, "ana"))["refresh_token"]
    async with transaction() as session:
        before = (await session.execute(select(AuthSession.expires_at))).scalar_one()
    assert timedelta(days=6, hours=23) < before - datetime.now(UTC) <= timedelta(days=7)
    await refresh(api, token)
    async with transaction() as session:
        assert (await session.execute(select(AuthSession.expires_at))).scalar_one() == before
        await session.execute(update(AuthSession).values(expires_at=datetime.now(UTC)))
    assert (await refresh(api, token)).status_code == 401


@pytest.mark.parametrize("token", ["x" * 40, "00000000000000000000000000000000.abcdefgh", "é" * 30, ".", "a\x00" * 20])
async def test_a_made_up_refresh_token_is_refused(api: httpx.AsyncClient, token: str) -> None:
    assert (await refresh(api, token)).status_code in (401, 422)


async def test_sign_out_ends_cookie_and_tokens(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    pair = await tokens_of(api, "ana")
    assert (await api.post("/api/auth/logout", headers=bearer(pair["access_token"]))).status_code == 204
    assert await me(api, pair["access_token"]) == 401
    assert (await refresh(api, pair["refresh_token"])).status_code == 401


async def test_sign_out_everywhere_ends_every_session(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    pairs = [await tokens_of(api, "ana") for _ in range(3)]
    await api.post("/api/auth/logout-all", headers=bearer(pairs[0]["access_token"]))
    assert [await me(api, pair["access_token"]) for pair in pairs] == [401, 401, 401]


async def test_the_browsers_sign_out_ends_its_session_only(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    script = await tokens_of(api, "ana")
    body = {"username": "ana", "password": PASSWORD}
    await api.post("/api/auth/session", json=body)
    answer = await api.delete("/api/auth/session")
    assert answer.status_code == 204
    assert "storage" in answer.headers["clear-site-data"]
    assert "sid" not in api.cookies
    async with transaction() as session:
        ended = (
            await session.execute(select(AuthSession.kind).where(col(AuthSession.revoked_at).is_not(None)))
        ).scalars()
        assert list(ended) == ["browser"]
    assert await me(api, script["access_token"]) == 200


@pytest.mark.parametrize(
    "change", [{"is_active": False}, {"auth_version": 2}, {"deleted_at": datetime(2026, 1, 1, tzinfo=UTC)}]
)
async def test_a_revoked_session_ends_at_once(api: httpx.AsyncClient, change: dict[str, Any]) -> None:
    await make_user("ana")
    pair = await tokens_of(api, "ana")
    assert await me(api, pair["access_token"]) == 200
    async with transaction() as session:
        await session.execute(update(User).values(change))
    assert await me(api, pair["access_token"]) == 401
    assert (await refresh(api, pair["refresh_token"])).status_code == 401


async def test_sessions_are_listed_and_ended_by_their_owner(api: httpx.AsyncClient) -> None:
    ana, header = await signed_in(await make_user("ana"))
    other = await tokens_of(api, "ana")
    rows = (await api.get("/api/auth/sessions", headers=header)).json()
    assert len(rows) == 2
    assert [row["id"] for row in rows if row["is_current"]] == [ana.session_id]
    elsewhere = next(row["id"] for row in rows if not row["is_current"])
    assert (await api.delete(f"/api/auth/sessions/{elsewhere}", headers=header)).status_code == 204
    assert await me(api, other["access_token"]) == 401


async def test_all_other_sessions_end_at_once(api: httpx.AsyncClient) -> None:
    _, header = await signed_in(await make_user("ana"))
    other, elsewhere = await tokens_of(api, "ana"), await signed_in(await make_user("bo1"))
    assert (await api.delete("/api/auth/sessions", headers=header)).status_code == 204
    assert await me(api, other["access_token"]) == 401
    for kept in (header, elsewhere[1]):
        assert (await api.get(ME, headers=kept)).status_code == 200


async def test_another_persons_session_does_not_exist(api: httpx.AsyncClient) -> None:
    ana, ana_header = await signed_in(await make_user("ana"))
    _, bo_header = await signed_in(await make_user("bo1"))
    path = f"/api/auth/sessions/{ana.session_id}"
    assert (await api.delete(path, headers=bo_header)).status_code == 404
    assert (await api.get(ME, headers=ana_header)).status_code == 200
    _, admin_header = await signed_in(await make_admin())
    assert (await api.delete(path, headers=admin_header)).status_code == 204
    assert (await api.get(ME, headers=ana_header)).status_code == 401
