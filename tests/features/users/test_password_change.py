"""A person whose password an administrator set can do nothing before they change it, in the browser and by REST."""

from typing import Any

import httpx
import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.core.errors import PasswordChangeRequired
from tca_app.features.auth.ui.state import AuthState
from tca_app.features.dashboard.ui.state import DashboardState
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserUpdate
from tca_app.models import User
from tests.factories import PASSWORD, bearer, make_admin, make_user, row_of, run, signed_in
from tests.features.auth.test_sign_in import log_in
from tests.test_policies import PUBLIC, routes
from tests.ui.harness import Tab, console_on, redirects, sign_in

NEW = "Violet-Train-17"
ORIGIN = {"Origin": "http://localhost:8000"}
ALLOWED = {
    ("GET", "/api/auth/verify"),
    ("GET", "/api/v1/users/me"),
    ("POST", "/api/auth/logout"),
    ("POST", "/api/auth/logout-all"),
}


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_every_route_is_refused_but_the_change_itself(api: httpx.AsyncClient) -> None:
    ana, header = await signed_in(await make_user("ana", must_change_password=True))
    for method, path in routes():
        if (method, path) in PUBLIC | ALLOWED:
            continue
        url = path.replace("{user_id}", "999999999").replace("{project_id}", "1")
        names = [part.strip("{}") for part in url.split("/") if part.startswith("{")]
        answer = await api.request(
            method,
            url.format(**dict.fromkeys(names, 1)),
            headers=header,
            json={} if method in ("POST", "PUT", "PATCH") else None,
        )
        assert code_of(answer) == (403, "password_change_required"), (method, path, answer.text)
    own = f"/api/v1/users/{ana.user_id}"
    more = {"password": NEW, "current_password": PASSWORD, "full_name": "Ana"}
    assert code_of(await api.patch(own, json=more, headers=header)) == (403, "password_change_required")
    assert (await api.get("/api/auth/verify", headers=header)).json()["must_change_password"] is True
    change = {"password": NEW, "current_password": PASSWORD}
    assert (await api.patch(own, json=change, headers=header)).status_code == 200
    assert (await api.get(own, headers=header)).json()["must_change_password"] is False


async def test_an_administrator_sets_a_password_that_has_to_be_changed(api: httpx.AsyncClient) -> None:
    admin = await bearer(await make_admin())
    body = {"email": "kim@example.com", "username": "kimmy", "password": PASSWORD, "must_change_password": True}
    made = await api.post("/api/v1/users", json=body, headers=admin | {"Idempotency-Key": "k"})
    assert made.json()["must_change_password"] is True
    assert (await api.post("/api/v1/users", json=body, headers=admin | {"Idempotency-Key": "k"})).json() == made.json()
    own = f"/api/v1/users/{made.json()['id']}"
    kim = {"Authorization": f"Bearer {(await log_in(api, 'kimmy', PASSWORD)).json()['access_token']}"}
    same = await api.patch(own, json={"password": PASSWORD, "current_password": PASSWORD}, headers=kim)
    assert (same.status_code, same.json()["errors"][0]["pointer"]) == (422, "/password")
    assert (await api.patch(own, json={"password": NEW, "current_password": PASSWORD}, headers=kim)).is_success
    assert (await api.get("/api/v1/projects", headers=kim)).status_code == 200
    again = {"password": PASSWORD, "must_change_password": True}
    assert (await api.patch(own, json=again, headers=admin)).status_code == 200
    assert (await row_of(User, made.json()["id"]))["must_change_password"] is True


async def test_nobody_lifts_it_for_themselves() -> None:
    boss, _ = await signed_in(await make_user(must_change_password=True, is_superuser=True))
    with pytest.raises(PasswordChangeRequired):
        await run(users.update_user, boss, boss.user_id, UserUpdate(must_change_password=False))


async def test_the_browser_leads_to_the_change(api: httpx.AsyncClient) -> None:
    ana = await make_user(must_change_password=True)
    cookie = await sign_in(ana)
    async with console_on(StateManagerMemory()) as console:
        tab = Tab(console, "tab", cookie, "/dashboard")
        await tab.hydrate()
        assert redirects(await tab.send(DashboardState.load)) == ["/change-password"]
        assert redirects(await tab.send(AuthState.enter_change_password)) == []
        headers = ORIGIN | {"Cookie": f"sid={cookie}"}
        body: dict[str, Any] = {"current_password": PASSWORD, "password": NEW}
        file = await api.get("/api/v1/activity/export?format=csv", headers=headers)
        assert code_of(file) == (403, "password_change_required")
        wrong = await api.post("/api/auth/password/change", json=body | {"current_password": "x"}, headers=headers)
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/current_password")
        assert (await api.post("/api/auth/password/change", json=body, headers=headers)).status_code == 204
        assert redirects(await tab.send(DashboardState.load)) == []
        assert redirects(await tab.send(AuthState.enter_change_password)) == ["/settings?tab=password"]
        stranger = Tab(console, "stranger", path="/change-password")
        assert redirects(await stranger.send(AuthState.enter_change_password)) == ["/login?next=/change-password"]
    assert (await api.post("/api/auth/password/change", json=body, headers=ORIGIN)).status_code == 401
