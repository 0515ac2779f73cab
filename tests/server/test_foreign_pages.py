"""No page of another site uses the cookies of this one, or sets any (CSRF)."""

from typing import Any

import httpx
import pytest

from tests.test_policies import PUBLIC

# What scripts call without a cookie: credentials, tokens and links are in the body.
WITHOUT_COOKIE = {
    "/api/auth/login",
    "/api/auth/login/second-factor",
    "/api/auth/token",
    "/api/auth/token-exchange",
    "/api/auth/refresh",
    "/api/auth/password/forgot",
    "/api/auth/password/reset",
    "/api/auth/invitations/lookup",
}
CALLS = sorted((method, path) for method, path in PUBLIC if path.startswith("/api/auth/") and method != "GET")


@pytest.mark.parametrize(("method", "path"), [call for call in CALLS if call[1] not in WITHOUT_COOKIE])
async def test_a_foreign_page_uses_and_sets_no_cookie(api: httpx.AsyncClient, method: str, path: str) -> None:
    body: dict[str, Any] = {} if method == "DELETE" else {"json": {}}
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "same-site"}):
        answer = await api.request(method, path.format(provider="oidc"), headers=headers, **body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert "set-cookie" not in answer.headers
    own = await api.request(method, path.format(provider="oidc"), headers={"origin": "http://localhost:8000"}, **body)
    assert own.status_code != 403


@pytest.mark.parametrize("path", sorted(WITHOUT_COOKIE))
async def test_scripts_get_no_cookie(api: httpx.AsyncClient, path: str) -> None:
    assert ("POST", path) in PUBLIC
    answer = await api.post(path, json={}, headers={"origin": "https://evil.example"})
    assert "set-cookie" not in answer.headers
