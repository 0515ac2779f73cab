"""Every route says which scope an API token needs, and refuses tokens with less."""

import re
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from tca_app.core.cache.local import LocalCache
from tca_app.core.security.scopes import SCOPES
from tca_app.rest.dependencies import Bearer
from tca_app.rest.routing import TOKEN_SCOPE, ConsoleRoute
from tests.factories import PASSWORD, bearer, make_admin, make_deployment, make_project, make_token, make_user
from tests.rest_api import document, rest_api
from tests.test_policies import api_routes

NOBODY = 2**40  # an id that nothing has
CREDENTIALS = re.compile(r"password|email|session|token|reauth|factor|passkey|credential|identit|recovery|invitation")


def _operations() -> dict[tuple[str, str], dict[str, Any]]:
    """The calls that need a signed-in caller."""
    return {
        (method.upper(), path): operation
        for path, calls in document()["paths"].items()
        for method, operation in calls.items()
        if operation["security"] and not path.startswith("/metrics")
    }


OPERATIONS = _operations()
SCOPE_OF = {call: operation[TOKEN_SCOPE] for call, operation in OPERATIONS.items()}


def test_every_route_with_a_caller_declares_a_scope() -> None:
    assert set(SCOPE_OF.values()) == {*SCOPES, "session"}
    routes = [route for route in api_routes(rest_api().router) if _has_caller(route)]
    assert len(routes) > 60
    assert [route.path for route in routes if not isinstance(route, ConsoleRoute)] == []


def _has_caller(route: APIRoute) -> bool:
    return any(isinstance(inner.call, Bearer) for inner in route.dependant.dependencies)


def test_what_concerns_credentials_is_refused_to_tokens() -> None:
    found = {call: scope for call, scope in SCOPE_OF.items() if CREDENTIALS.search(call[1])}
    assert found
    assert set(found.values()) == {"session"}


def test_reporting_needs_the_scope_deploy_and_administration_admin() -> None:
    deploying = {
        ("POST", "/api/v1/projects/{project_id}/deployments"),
        ("PATCH", "/api/v1/deployments/{deployment_id}"),
        ("PATCH", "/api/v1/projects/{project_id}/deployments/by-external-id/{external_id}"),
        ("POST", "/api/v1/deployments/{deployment_id}/logs"),
        ("POST", "/api/v1/deployments/{deployment_id}/rollback"),
    }
    assert deploying <= {call for call, scope in SCOPE_OF.items() if scope == "deploy"}
    administering = {call for call in SCOPE_OF if call[1].startswith("/api/v1/jobs")}
    assert {SCOPE_OF[call] for call in administering} == {"admin"}
    assert SCOPE_OF["PATCH", "/api/v1/users/{user_id}"] == "admin"
    assert {scope for (method, _), scope in SCOPE_OF.items() if method != "GET"} & {"read"} == set()


async def test_each_route_refuses_tokens_with_less(api: httpx.AsyncClient) -> None:
    admin = await make_admin()
    headers = {scope: (await make_token(admin, scopes=[scope]))[1] for scope in SCOPES}
    for (method, path), scope in SCOPE_OF.items():
        url = re.sub(r"\{\w+\}", str(NOBODY), path)
        below = "admin" if scope == "session" else SCOPES[max(0, SCOPES.index(scope) - 1)]
        if scope != "read":
            refused = await api.request(method, url, headers=headers[below], json={} if method != "GET" else None)
            expected = "session_required" if scope == "session" else "insufficient_scope"
            assert (refused.status_code, refused.json()["code"]) == (403, expected), (method, path)
        if scope != "session":
            allowed = await api.request(method, url, headers=headers[scope], json={} if method != "GET" else None)
            assert allowed.status_code != 401, (method, path)
            assert "insufficient_scope" not in allowed.text, (method, path)


async def test_a_lacking_scope_is_named_in_the_challenge(api: httpx.AsyncClient) -> None:
    owner = await make_user()
    _, header = await make_token(owner, scopes=["read"])
    answer = await api.post("/api/v1/projects", headers=header, json={"name": "Ledger"})
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="write"'


async def test_without_admin_a_superusers_token_is_that_of_a_member(api: httpx.AsyncClient) -> None:
    admin, stranger = await make_admin(), await make_user()
    project_id = await make_project(stranger)
    _, writing = await make_token(admin, scopes=["write"])
    _, ruling = await make_token(admin, scopes=["admin"])
    assert (await api.get(f"/api/v1/projects/{project_id}", headers=writing)).status_code == 404
    assert (await api.get(f"/api/v1/projects/{project_id}", headers=ruling)).status_code == 200
    me = (await api.get("/api/v1/users/me", headers=writing)).json()
    assert (me["username"], me["is_superuser"]) == (admin.username, False)


async def test_what_an_administrator_has_just_read_is_not_cached_for_their_token(
    api: httpx.AsyncClient, listening: LocalCache[Any]
) -> None:
    admin, stranger = await make_admin(), await make_user()
    project_id = await make_project(stranger)
    deployment_id = await make_deployment(project_id)
    _, writing = await make_token(admin, scopes=["write"])
    session = await bearer(admin)
    for path in (
        f"/api/v1/deployments/{deployment_id}",
        f"/api/v1/deployments/{deployment_id}/logs",
        f"/api/v1/projects/{project_id}",
        f"/api/v1/projects/{project_id}/environments",
        f"/api/v1/deployments/measures?project_id={project_id}",
    ):
        for _ in range(2):
            assert (await api.get(path, headers=session)).status_code == 200, path
            assert (await api.get(path, headers=writing)).status_code == 404, path
    for path in ("/api/v1/projects", "/api/v1/deployments"):
        assert len((await api.get(path, headers=session)).json()) == 1
        assert (await api.get(path, headers=writing)).json() == []
    assert (await api.get("/api/v1/stats", headers=session)).json()["total_users"] is not None
    assert (await api.get("/api/v1/stats", headers=writing)).json()["total_users"] is None


@pytest.mark.parametrize(
    "change",
    [{"password": "Brown-Ship-43"}, {"email": "x@example.com"}, {"is_superuser": True}],
    ids=["password", "email", "administrator"],
)
async def test_no_token_changes_a_credential_of_anybody(api: httpx.AsyncClient, change: dict[str, Any]) -> None:
    admin, other = await make_admin(), await make_user()
    _, header = await make_token(admin, scopes=["admin"])
    for user_id in (admin.user_id, other.user_id):
        body = change | ({"current_password": PASSWORD} if user_id == admin.user_id else {})
        answer = await api.patch(f"/api/v1/users/{user_id}", headers=header, json=body)
        is_change = user_id == other.user_id or "is_superuser" not in change
        assert answer.json().get("code") == ("session_required" if is_change else None), answer.text


async def test_sensitive_changes_need_the_scope_admin(api: httpx.AsyncClient) -> None:
    owner, admin, new_owner = await make_user(), await make_admin(), await make_user()
    project_id = await make_project(owner)
    _, writing = await make_token(owner, scopes=["write"])
    _, ruling = await make_token(admin, scopes=["admin"])
    url, body = f"/api/v1/projects/{project_id}/transfer", {"user_id": new_owner.user_id}
    refused = await api.post(url, headers=writing, json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    assert (await api.post(url, headers=ruling, json=body)).status_code == 200
