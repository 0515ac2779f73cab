"""The edge: hosts, origins, sizes, headers, and one format of errors."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tca_app.config.schema import Settings
from tca_app.config.settings import get_settings
from tca_app.rest.bodies import MAX_BODY
from tca_app.server.api import build_api
from tca_app.server.edge import Edge
from tests.factories import make_admin, make_user, signed_in

ORIGIN = "http://localhost:3000"


async def _page(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
    await send({"type": "http.response.body", "body": b"<html></html>"})


def edge_with(**changes: Any) -> Edge:
    return Edge(build_api(), _page, get_settings().model_copy(update=changes), "default-src 'self'")


def client_of(edge: Edge, peer: str = "127.0.0.1") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(edge, client=(peer, 50000))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


def is_problem(answer: httpx.Response, status: int, code: str) -> bool:
    body = answer.json()
    return (
        answer.status_code == body["status"] == status
        and answer.headers["content-type"] == "application/problem+json"
        and body["code"] == code
        and bool(body["title"])
        and body["type"].endswith(code)
        and body["request_id"] == answer.headers["x-request-id"]
    )


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.evil.example:80"])
async def test_a_foreign_host_name_is_refused(api: httpx.AsyncClient, host: str) -> None:
    answer = await api.get("/api", headers={"host": host})
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_request"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:9", "[::1]:8000"])
async def test_our_own_host_names_are_served(api: httpx.AsyncClient, host: str) -> None:
    assert (await api.get("/api", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "https://localhost:3000", "http://localhost:1"]
)
@pytest.mark.parametrize("kind", ["websocket", "http"])
async def test_a_foreign_origin_opens_no_live_connection(origin: str | None, kind: str) -> None:
    """A foreign origin is refused, for the websocket and for polling."""
    reached, sent = [], []

    async def ui(_scope: Any, _receive: Any, _send: Any) -> None:
        reached.append(True)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost")] + ([(b"origin", origin.encode())] if origin else [])
    scope = {"type": kind, "path": "/_event/", "method": "GET", "headers": headers, "client": ("127.0.0.1", 1)}
    await Edge(build_api(), ui, get_settings(), "")(scope, None, send)  # type: ignore[arg-type]
    assert not reached
    assert sent[0].get("code") == 1008 or sent[0]["status"] == 403


async def test_our_own_origin_opens_a_live_connection() -> None:
    reached = []

    async def ui(_scope: Any, _receive: Any, _send: Any) -> None:
        reached.append(True)

    scope = {
        "type": "websocket",
        "path": "/_event/",
        "headers": [(b"host", b"localhost"), (b"origin", ORIGIN.encode())],
    }
    await Edge(build_api(), ui, get_settings(), "")(scope, None, None)  # type: ignore[arg-type]
    assert reached


async def test_every_answer_carries_the_security_headers(api: httpx.AsyncClient) -> None:
    for answer in (
        await api.get("/api"),
        await api.get("/api/nothing"),
        await api.get("/health", headers={"host": "x"}),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "camera=()" in answer.headers["permissions-policy"]
        assert answer.headers["cache-control"] == "no-store"


async def test_pages_carry_their_policy_too() -> None:
    async with client_of(edge_with()) as client:
        answer = await client.get("/dashboard")
    assert answer.headers["content-security-policy"] == "default-src 'self'"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "strict-transport-security" not in answer.headers


async def test_https_is_enforced_where_it_is_used() -> None:
    async with client_of(edge_with(public_url="https://console.example")) as client:
        answer = await client.get("/dashboard")
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


async def test_under_https_the_cookies_are_bound_to_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://localhost")
    get_settings.cache_clear()
    await make_user("ana")
    async with client_of(edge_with()) as client:
        answer = await client.post("/api/auth/session", json={"username": "ana", "password": "Green-Boat-42"})
    monkeypatch.undo()
    get_settings.cache_clear()
    for cookie in answer.headers.get_list("set-cookie"):
        assert cookie.startswith("__Host-")
        assert "Secure" in cookie


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "not_found"),
        ("GET", "/api/v1/nothing/at/all", 404, "not_found"),
        ("GET", "/health/nothing", 404, "not_found"),
        ("POST", "/health/live", 405, "method_not_allowed"),
        ("PATCH", "/api/v1/users", 405, "method_not_allowed"),
        ("GET", "/api/v1/users", 401, "not_signed_in"),
        ("GET", "/api/v1/users/99999999999999999999", 422, "invalid"),
    ],
)
async def test_every_refusal_is_a_problem(
    api: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    _, header = await signed_in(await make_admin())
    answer = await api.request(method, path, headers=header if status == 422 else {})
    assert is_problem(answer, status, code)


async def test_a_wrong_method_gets_the_allowed_ones(api: httpx.AsyncClient) -> None:
    answer = await api.patch("/api/v1/users")
    assert answer.headers["allow"] == "GET, POST"
    assert answer.json()["detail"] == "PATCH is not allowed here. Use GET, POST."


@pytest.mark.parametrize("path", ["/api/", "/health/live/", "/api/auth/verify/", "/openapi.json/"])
async def test_a_trailing_slash_is_no_redirect(api: httpx.AsyncClient, path: str) -> None:
    assert (await api.get(path)).status_code in (200, 401)


async def test_an_unexpected_error_reveals_nothing(monkeypatch: pytest.MonkeyPatch, api: httpx.AsyncClient) -> None:
    from tca_app.features.users import service

    async def broken(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("a secret inside")

    monkeypatch.setattr(service, "list_users", broken)
    _, header = await signed_in(await make_admin())
    answer = await api.get("/api/v1/users", headers=header)
    assert is_problem(answer, 500, "internal")
    assert "secret" not in answer.text


async def test_a_body_that_says_it_is_too_large_is_not_read(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/auth/login", content=b"x", headers={"content-length": str(MAX_BODY + 1)})
    assert is_problem(answer, 413, "payload_too_large")


async def test_a_chunked_body_is_counted(api: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 64 * 1024
            yield b"[" * 64 * 1024

    answer = await api.post("/api/auth/login", content=endless(), headers={"content-type": "application/json"})
    assert is_problem(answer, 413, "payload_too_large")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
async def test_json_under_another_name_is_refused(api: httpx.AsyncClient, kind: str) -> None:
    """A form on a foreign page can send these content types without a preflight request."""
    body = b'{"username": "ana", "password": "Green-Boat-42"}'
    answer = await api.post("/api/auth/session", content=body, headers={"content-type": kind} if kind else {})
    assert is_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_a_foreign_page_cannot_sign_anybody_in_or_out(api: httpx.AsyncClient, headers: dict[str, str]) -> None:
    await make_user("ana")
    body = {"username": "ana", "password": "Green-Boat-42"}
    assert (await api.post("/api/auth/session", json=body, headers=headers)).status_code == 403
    assert (await api.delete("/api/auth/session", headers=headers)).status_code == 403


async def test_the_page_of_reflex_run_may_call(api: httpx.AsyncClient) -> None:
    asked = {"origin": ORIGIN, "access-control-request-method": "POST"}
    preflight = await api.options("/api/auth/session", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert preflight.headers["access-control-allow-credentials"] == "true"
    foreign = await api.options("/api/auth/session", headers=asked | {"origin": "http://evil.example"})
    assert "access-control-allow-origin" not in foreign.headers


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"{", ""),
        (b"\xff\xfe", ""),
        (b"[" * 10_000 + b"]" * 10_000, ""),
        (b'{"username": "a\\u0000b", "password": "x"}', "/username"),
        (b'{"username": "\\ud800", "password": "x"}', ""),
        (b'{"username": NaN, "password": "x"}', ""),
        (b'{"username": 123456789012345678901234567890, "password": "x"}', "/username"),
        (b'{"username": {"$gt": ""}, "password": "x"}', "/username"),
        (b'{"username": "ana", "password": "x", "is_superuser": true}', "/is_superuser"),
        (b"[]", ""),
        (b"null", ""),
    ],
)
async def test_rubbish_in_a_body_is_a_422(api: httpx.AsyncClient, body: bytes, pointer: str) -> None:
    answer = await api.post("/api/auth/session", content=body, headers={"content-type": "application/json"})
    assert is_problem(answer, 422, "invalid")
    assert pointer in [error["pointer"] for error in answer.json()["errors"]] or not pointer


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=1_0", "skip=-1", "skip=x", "sort=password", "nonsense=1"]
)
async def test_rubbish_in_a_query_is_a_422(api: httpx.AsyncClient, query: str) -> None:
    _, header = await signed_in(await make_admin())
    answer = await api.get(f"/api/v1/users?{query}", headers=header)
    assert is_problem(answer, 422, "invalid")


@pytest.mark.parametrize("search", ["%00", "%ED%A0%80", "a" * 101, "%E2%80%AE"])
async def test_rubbish_in_a_search_is_a_422(api: httpx.AsyncClient, search: str) -> None:
    _, header = await signed_in(await make_admin())
    assert (await api.get(f"/api/v1/users?search={search}", headers=header)).status_code in (200, 422)


async def test_a_claimed_address_counts_only_behind_a_trusted_proxy() -> None:
    seen = edge_with()
    scope = {"type": "http", "client": ("10.0.0.9", 1)}
    headers = {b"x-forwarded-for": b"6.6.6.6, 203.0.113.7"}
    assert seen.address(scope, headers) == "10.0.0.9"
    assert edge_with(trusted_proxy_hops=1).address(scope, headers) == "203.0.113.7"
    assert edge_with(trusted_proxy_hops=3).address(scope, headers) == "10.0.0.9"
    assert edge_with(trusted_proxy_hops=1).address(scope, {}) == "10.0.0.9"


async def test_documents_are_ours_alone_and_load_nothing_foreign(api: httpx.AsyncClient) -> None:
    for path in ("/docs", "/redoc"):
        page = await api.get(path)
        assert page.status_code == 200
        assert "http://" not in page.text.replace("http://www.w3.org", "")
        assert "https://" not in page.text
        assert "'unsafe-eval'" not in page.headers["content-security-policy"]
        assert "script-src 'self'" in page.headers["content-security-policy"]
    assert (await api.get("/docs/files/swagger-ui-bundle.js")).status_code == 200


async def test_documents_are_for_people_who_are_signed_in_in_production(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_user("ana")
    await api.post("/api/auth/session", json={"username": "ana", "password": "Green-Boat-42"})
    monkeypatch.setattr(Settings, "is_production", property(lambda _self: True))
    assert (await api.get("/openapi.json")).status_code == 200
    api.cookies.clear()
    for path in ("/openapi.json", "/docs", "/redoc"):
        assert (await api.get(path)).status_code == 401


async def test_the_request_id_of_a_trusted_proxy_is_kept() -> None:
    given = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with client_of(edge_with(trusted_proxy_hops=1)) as client:
        assert (await client.get("/api", headers={"X-Request-Id": given})).headers["x-request-id"] == given
        answer = await client.get("/api/none", headers={"X-Request-Id": given})
        assert answer.json()["request_id"] == given
    async with client_of(edge_with(trusted_proxy_hops=0)) as client:
        assert (await client.get("/api", headers={"X-Request-Id": given})).headers["x-request-id"] != given


@pytest.mark.parametrize(
    "given",
    [
        "",
        "short",
        "a" * 65,
        "-leading-dash",
        "with space 1",
        "job-12345",
        "a/../b-12345",
        "caf\u00e9-12345",
        '"}{"x":1}',
    ],
)
async def test_what_is_no_request_id_is_replaced(given: str) -> None:
    async with client_of(edge_with(trusted_proxy_hops=1)) as client:
        answer = await client.get("/api", headers={"X-Request-Id": given.encode("latin-1")})
        assert len(answer.headers["x-request-id"]) == 16
