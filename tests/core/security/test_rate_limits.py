"""Rate limits are exact over replicas, with and without Redis."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from limits.errors import StorageError

from tca_app.config.settings import get_settings
from tca_app.core.cache.redis import get_redis
from tca_app.core.errors import TooManyRequests
from tca_app.core.security.rate_limits import Limits, get_limits
from tca_app.server.api import build_api
from tca_app.server.edge import Edge
from tests.factories import PASSWORD, make_user, signed_in
from tests.test_policies import PUBLIC


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Sets the two rates for one test and starts with nothing counted."""

    def use(login: str = "", api: str = "") -> None:
        monkeypatch.setenv("RATE_LIMIT_LOGIN", login)
        monkeypatch.setenv("RATE_LIMIT_API", api)
        get_settings.cache_clear()
        get_limits.cache_clear()

    yield use
    monkeypatch.undo()
    get_settings.cache_clear()
    get_limits.cache_clear()


@pytest.fixture(autouse=True)
async def _nothing_counted() -> None:
    await get_redis().flushdb()


async def _refused(limit: Limits, name: str, caller: str, times: int) -> int:
    async def one() -> bool:
        try:
            await limit.refuse_excess(name, caller)  # type: ignore[arg-type]
        except TooManyRequests:
            return True
        return False

    return sum(await asyncio.gather(*(one() for _ in range(times))))


async def test_ten_sign_ins_a_minute_over_two_replicas(rates: Any) -> None:
    """Both share one count."""
    rates(login="10/minute")
    first, second = Limits(), Limits()
    refused = await asyncio.gather(_refused(first, "login", "10.0.0.1", 20), _refused(second, "login", "10.0.0.1", 20))
    assert sum(refused) == 30
    assert await _refused(first, "login", "10.0.0.2", 5) == 0


async def test_a_claimed_address_gives_no_extra_attempt(rates: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tca_app.core.security import tokens

    rates(login="10/minute")
    hashed = []

    async def counted(password: str, stored: str | None) -> tuple[bool, str | None]:
        hashed.append(1)
        return await tokens.verify_password(password, stored)

    monkeypatch.setattr("tca_app.features.auth.service.verify_password", counted)
    edge = Edge(build_api(), None, get_settings(), "")  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url="http://localhost") as client:
        for number in range(40):
            body = {"username": f"ghost{number}", "password": "Wrong-Boat-42"}
            answer = await client.post("/api/auth/login", json=body, headers={"x-forwarded-for": f"10.1.1.{number}"})
            assert answer.status_code == (401 if number < 10 else 429)
            if number >= 10:
                assert int(answer.headers["retry-after"]) >= 1
    assert len(hashed) == 10


# What lets people in, or sends mail, without a session. The exchange for CI jobs has a limit of its own.
GUESSED = sorted((method, path) for method, path in PUBLIC if path.startswith("/api/auth/") and method != "DELETE")


@pytest.mark.parametrize(("method", "path"), [call for call in GUESSED if call[1] != "/api/auth/token-exchange"])
async def test_every_call_that_can_be_guessed_at_shares_the_limit(
    rates: Any, api: httpx.AsyncClient, method: str, path: str
) -> None:
    rates(login="2/minute")
    url, kind = path.format(provider="oidc"), "data" if path == "/api/auth/token" else "json"
    body: dict[str, Any] = {} if method == "GET" else {kind: {"a": "b"}}
    for _ in range(2):
        answer = await api.request(method, url, **body)
        assert answer.status_code != 429
        assert "too_many" not in answer.headers.get("location", "")
    answer = await api.request(method, url, **body)
    assert answer.status_code == 429 or answer.headers["location"] == "/login?reason=too_many"
    if path != "/api/auth/login":
        assert (await api.post("/api/auth/login", json={"username": "x", "password": "y"})).status_code == 429


async def test_a_script_gets_what_was_agreed(rates: Any, api: httpx.AsyncClient) -> None:
    rates(api="100/minute")
    _, header = await signed_in(await make_user())
    answers = [(await api.get("/api/v1/users/me", headers=header)).status_code for _ in range(105)]
    assert answers == [200] * 100 + [429] * 5
    _, other = await signed_in(await make_user())
    assert (await api.get("/api/v1/users/me", headers=other)).status_code == 200


async def test_without_redis_each_process_counts_for_itself(rates: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rates(login="10/minute")
    limit = Limits()
    asked = []

    async def gone(*_args: Any, **_options: Any) -> bool:
        asked.append(1)
        raise StorageError(ConnectionError("gone"))

    monkeypatch.setattr(limit._shared, "hit", gone)
    assert await _refused(limit, "login", "10.0.0.1", 20) == 10
    assert len(asked) < 20


async def test_after_a_failure_redis_is_left_alone_for_a_while(rates: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rates(login="10/minute")
    limit = Limits()
    asked = []

    async def gone(*_args: Any, **_options: Any) -> bool:
        asked.append(1)
        raise StorageError(ConnectionError("gone"))

    monkeypatch.setattr(limit._shared, "hit", gone)
    for _ in range(5):
        await limit.refuse_excess("login", "10.0.0.1")
    assert len(asked) == 1


async def test_an_empty_value_turns_a_limit_off_but_never_the_throttle(rates: Any, api: httpx.AsyncClient) -> None:
    rates(login="", api="")
    await make_user("ana")
    for _ in range(5):
        await api.post("/api/auth/login", json={"username": "ana", "password": "Wrong-Boat-42"})
    answer = await api.post("/api/auth/login", json={"username": "ana", "password": PASSWORD})
    assert answer.status_code == 429
