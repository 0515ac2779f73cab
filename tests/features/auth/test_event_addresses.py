"""Events that nobody signed in for carry the network address of their request."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update
from sqlmodel import col
from starlette.types import ASGIApp

from tca_app.core.database.session import transaction
from tca_app.features.auth import setup
from tca_app.models import AuthSession, LoggedEvent
from tests.factories import PASSWORD, make_user, run
from tests.features.auth.test_sign_in import log_in
from tests.features.deployments.github.test_service import Github, deployment, github

__all__ = ["github"]
ADDRESS = "203.0.113.7"


@pytest.fixture
async def api(edge: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(edge, client=(ADDRESS, 40000)), base_url="http://localhost")


async def addresses(*, of_nobody: bool = True) -> dict[str, set[str]]:
    """The addresses of each type of event."""
    rows = select(LoggedEvent.type, LoggedEvent.ip)
    found: dict[str, set[str]] = {}
    async with transaction() as session:
        for kind, ip in await session.execute(rows.where(col(LoggedEvent.actor_id).is_(None)) if of_nobody else rows):
            found.setdefault(kind, set()).add(ip)
    return found


async def test_a_refused_sign_in(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    await make_user("idle", is_active=False)
    for name in ("ana", "ana@example.com", "idle", "ghost"):
        assert (await log_in(api, name, "Wrong-Boat-42")).status_code == 401
    body = {"username": "ana", "password": "Wrong-Boat-42"}
    assert (await api.post("/api/auth/session", json=body)).status_code == 401
    assert (await api.post("/api/auth/token", data=body)).status_code == 401
    assert await addresses() == {"login_failed": {ADDRESS}}


async def test_the_end_of_a_session_whose_refresh_token_came_back(api: httpx.AsyncClient) -> None:
    await make_user("ana")
    token = (await log_in(api, "ana")).json()["refresh_token"]
    assert (await api.post("/api/auth/refresh", json={"refresh_token": token})).status_code == 200
    async with transaction() as session:
        late = col(AuthSession.rotated_at) - timedelta(seconds=11)
        await session.execute(update(AuthSession).values(rotated_at=late))
    assert (await api.post("/api/auth/refresh", json={"refresh_token": token})).status_code == 401
    assert await addresses() == {"session_revoked": {ADDRESS}}


async def test_the_first_administrator(api: httpx.AsyncClient) -> None:
    first = {"email": "first@example.com", "username": "first", "full_name": "First", "password": PASSWORD}
    token = await run(setup.ensure_setup_token)
    assert (await api.post("/api/auth/setup", json=first | {"token": token})).status_code == 204
    assert await addresses(of_nobody=False) == {"user_created": {ADDRESS}, "user_logged_in": {ADDRESS}}


async def test_a_deployment_that_github_reports(github: Github) -> None:
    assert (await github.send("deployment", deployment())).status_code == 200
    assert (await github.status("failure")).status_code == 200
    found = await addresses()
    assert set(found) >= {"deployment_queued", "deployment_failed"}
    assert set().union(*found.values()) == {ADDRESS}


async def test_what_no_request_did_has_no_address() -> None:
    await run(setup.create_admin, email="cli@example.com", username="cli", password=PASSWORD)
    assert await addresses() == {"user_created": {""}}
