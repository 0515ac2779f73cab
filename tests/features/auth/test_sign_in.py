"""Signing in: who may, and that a refusal never tells the reason."""

import asyncio
from collections.abc import Iterator
from threading import Lock, current_thread

import httpx
import pytest
from sqlalchemy import select

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.core.security import tokens
from tca_app.core.security.tokens import hash_password
from tca_app.models import AuthSession, User
from tests.factories import PASSWORD, make_user, row_of

LOGIN = "/api/auth/login"


async def log_in(api: httpx.AsyncClient, username: str, password: str = PASSWORD) -> httpx.Response:
    return await api.post(LOGIN, json={"username": username, "password": password})


@pytest.mark.parametrize("name", ["ana", "ANA", "ana@example.com", "Ana@Example.COM"])
async def test_username_and_email_work_in_any_case(api: httpx.AsyncClient, name: str) -> None:
    ana = await make_user("ana")
    answer = await log_in(api, name)
    assert answer.status_code == 200
    body = answer.json()
    assert body["user"]["id"] == ana.user_id
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 30 * 60
    assert "hashed_password" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_the_email_field_works_too(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    answer = await api.post(LOGIN, json={"email": "ana@example.com", "password": PASSWORD})
    assert answer.status_code == 200
    assert (await api.post(LOGIN, json={"password": PASSWORD})).status_code == 422


async def test_the_password_form_of_oauth2_works(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    answer = await api.post("/api/auth/token", data={"username": "ana", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["refresh_token"]


async def test_unknown_wrong_and_inactive_get_one_answer(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    await make_user("idle", is_active=False)
    answers = [
        await log_in(api, "nobody"),
        await log_in(api, "ana", "Wrong-Boat-42"),
        await log_in(api, "idle"),
    ]
    bodies = [{k: v for k, v in answer.json().items() if k != "request_id"} for answer in answers]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["code"] == "bad_credentials"


async def test_unknown_and_wrong_do_the_same_hashing(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """No enumeration by timing, without a clock: the slow step runs once for each, with a hash of the same cost."""
    costs = []
    hasher = tokens._hasher()
    real = hasher.context.verify_and_update

    def counting(password: str, stored: str) -> tuple[bool, str | None]:
        costs.append(stored.split("$")[3])
        return real(password, stored)

    monkeypatch.setattr(hasher.context, "verify_and_update", counting)
    await make_user("ana")
    await make_user("idle", is_active=False)
    for name in ("nobody", "ana", "idle"):
        await log_in(api, name, "Wrong-Boat-42")
    assert len(costs) == 3
    assert len(set(costs)) == 1


async def test_the_browser_gets_only_cookies(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    answer = await api.post("/api/auth/session", json={"username": "ana", "password": PASSWORD})
    assert (answer.status_code, answer.content) == (204, b"")
    for cookie in answer.headers.get_list("set-cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Path=/" in cookie


async def test_only_hashes_of_tokens_are_kept(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    browser = await api.post("/api/auth/session", json={"username": "ana", "password": PASSWORD})
    script = (await log_in(api, "ana")).json()
    async with transaction() as session:
        rows = (await session.execute(select(*AuthSession.__table__.c))).all()
    kept = " ".join(str(value) for row in rows for value in row)
    for secret in (browser.cookies["sid"], script["refresh_token"], script["access_token"]):
        assert secret not in kept


async def test_each_sign_in_is_a_session_of_its_own(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    body = {"username": "ana", "password": PASSWORD}
    first = await api.post("/api/auth/session", json=body)
    second = await api.post("/api/auth/session", json=body)
    assert first.cookies["sid"] != second.cookies["sid"]


@pytest.fixture
def stronger(monkeypatch: pytest.MonkeyPatch) -> Iterator[tokens._Hasher]:
    """The cost of a hash is raised, as an operator does it."""
    monkeypatch.setattr(get_settings(), "password_hash_rounds", 2)
    tokens._hasher.cache_clear()
    yield tokens._hasher()
    tokens._hasher.cache_clear()


async def test_a_weaker_hash_is_renewed_at_sign_in(
    api: httpx.AsyncClient, weak_ana: Actor, stronger: tokens._Hasher
) -> None:
    assert (await row_of(User, weak_ana.user_id))["hashed_password"].startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert (await log_in(api, "ana", "Wrong-Boat-42")).status_code == 401
    assert (await row_of(User, weak_ana.user_id))["hashed_password"].startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert (await log_in(api, "ana")).status_code == 200
    assert (await row_of(User, weak_ana.user_id))["hashed_password"].startswith("$argon2id$v=19$m=8,t=2,p=1$")
    assert (await log_in(api, "ana")).status_code == 200


@pytest.fixture
async def weak_ana() -> Actor:
    return await make_user("ana")


async def test_fifty_who_sign_in_at_once_hash_a_few_at_a_time_beside_the_event_loop(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a storm of sign-ins takes bounded memory and delays nobody else. Without a clock: threads are counted."""
    await make_user("ana")
    context, lock = tokens._hasher().context, Lock()
    real, busy, most, threads = context.verify_and_update, 0, 0, set()

    def counted(password: str, stored: str) -> tuple[bool, str | None]:
        nonlocal busy, most
        with lock:
            busy, most = busy + 1, max(most, busy + 1)
        threads.add(current_thread().name.rpartition("_")[0])
        done: tuple[bool, str | None] = real(password, stored)
        with lock:
            busy -= 1
        return done

    monkeypatch.setattr(context, "verify_and_update", counted)
    answers = await asyncio.gather(*(log_in(api, f"ghost{number}") for number in range(50)))
    statuses = {answer.status_code for answer in answers}
    assert 401 in statuses
    assert statuses <= {401, 503}  # on a busy machine some get no database connection within two seconds
    assert threads == {"argon2"}
    assert 1 <= most <= get_settings().password_hash_threads < 50


async def test_the_same_password_in_another_unicode_form_matches(api: httpx.AsyncClient) -> None:
    composed, decomposed = "Gr\u00fcn-Boot-42", "Gru\u0308n-Boot-42"
    await make_user("ana", password=composed)
    assert composed != decomposed
    assert (await log_in(api, "ana", decomposed)).status_code == 200


async def test_a_long_password_is_refused_before_it_is_hashed(api: httpx.AsyncClient) -> None:
    answer = await log_in(api, "ana", "A1" + "x" * 500_000)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/password"


async def test_hashes_carry_the_agreed_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PASSWORD_HASH_MEMORY_KIB", "PASSWORD_HASH_ROUNDS", "PASSWORD_HASH_PARALLELISM"):
        monkeypatch.delenv(name, raising=False)
    get_settings.cache_clear()
    tokens._hasher.cache_clear()
    try:
        assert (await hash_password("Green-Boat-42")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
        tokens._hasher.cache_clear()
