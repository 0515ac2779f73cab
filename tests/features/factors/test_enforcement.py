"""After the days of grace a person without the required second factor can only add one, or sign out."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from reflex.istate.manager.memory import StateManagerMemory
from reflex_base.registry import RegistrationContext
from sqlalchemy import update
from sqlmodel import col

from tca_app.core import instance
from tca_app.core.database.session import transaction
from tca_app.core.errors import Conflict
from tca_app.core.plurals import time_left
from tca_app.features.auth.oauth.identity import SignInRefused
from tca_app.features.dashboard.ui.state import DashboardState
from tca_app.features.factors import service as factors
from tca_app.features.factors.ui.form_state import FactorFormState
from tca_app.features.factors.ui.state import FactorsState
from tca_app.features.single_sign_on.service import _require_full_session
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserUpdate
from tca_app.models import User
from tca_app.ui.handlers import permission_of
from tca_app.ui.session import SessionState
from tests.factories import bearer, make_admin, make_factor, make_project, make_token, make_user, row_of, run, signed_in
from tests.features.factors.accounts import add_app
from tests.features.users.test_password_change import ALLOWED, code_of
from tests.test_policies import PUBLIC, routes
from tests.ui.harness import Tab, console_on, redirects, shown, sign_in

LONG_AGO = datetime.now(UTC) - timedelta(days=400)
REQUIRED = {"two_factor_required": "everybody", "two_factor_grace_days": 7, "two_factor_since": LONG_AGO}
REFUSED = (403, "second_factor_setup_required")
ADDS_FACTOR = ("/api/auth/factors", "/api/auth/recovery-codes", "/api/auth/reauthenticate")


@pytest.fixture(autouse=True)
def required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance, "_stored", REQUIRED)


async def test_every_route_is_refused_but_those_that_add_a_factor(api: httpx.AsyncClient) -> None:
    _, header = await signed_in(await make_user("ana", created_at=LONG_AGO))
    for method, path in routes():
        names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
        url = path.format(**dict.fromkeys(names, 1))
        if (method, path) in PUBLIC | ALLOWED or path.startswith(ADDS_FACTOR):
            continue
        body: dict[str, str] | None = {} if method in ("POST", "PUT", "PATCH") else None
        answer = await api.request(method, url, headers=header, json=body)
        assert code_of(answer) == REFUSED, (method, path, answer.text)
    assert (await api.get("/api/v1/users/me", headers=header)).status_code == 200
    await add_app(api, header)
    assert (await api.get("/api/v1/projects", headers=header)).status_code == 200


async def test_tokens_of_the_person_are_refused_but_not_those_of_a_project(api: httpx.AsyncClient) -> None:
    ana, _ = await signed_in(await make_user(created_at=LONG_AGO))
    project_id = await make_project(ana)
    _, own = await make_token(ana)
    _, of_project = await make_token(ana, project_id)
    async with transaction() as session:
        await session.execute(update(User).where(col(User.kind) == "service").values(created_at=LONG_AGO))
    assert code_of(await api.get("/api/v1/projects", headers=own)) == REFUSED
    assert (await api.get(f"/api/v1/projects/{project_id}", headers=of_project)).status_code == 200
    await make_factor(ana)
    assert (await api.get("/api/v1/projects", headers=own)).status_code == 200


async def test_who_has_days_left_is_only_reminded(api: httpx.AsyncClient) -> None:
    new = await make_user(created_at=datetime.now(UTC) - timedelta(days=3, hours=12))
    assert (await api.get("/api/v1/projects", headers=await bearer(new))).status_code == 200
    async with console_on(StateManagerMemory()) as console:
        tab = Tab(console, "tab", await sign_in(new), "/dashboard")
        updates = await tab.hydrate()
        assert shown(updates, SessionState, "second_factor_left") == "3 days"
        assert redirects(await tab.send(FactorsState.load_setup)) == ["/settings?tab=two-factor"]
    assert [time_left(datetime.now(UTC) + timedelta(hours=hours)) for hours in (25, 2, -1)] == [
        "1 day",
        "less than a day",
        "",
    ]


async def test_the_browser_leads_to_the_page_and_lets_nothing_else_through(api: httpx.AsyncClient) -> None:
    ana = await make_user(created_at=LONG_AGO)
    cookie = await sign_in(ana)
    async with console_on(StateManagerMemory()) as console:
        tab = Tab(console, "tab", cookie, "/dashboard")
        await tab.hydrate()
        assert redirects(await tab.send(DashboardState.load)) == ["/add-second-factor"]
        file = await api.get("/api/v1/activity/export?format=csv", headers={"Cookie": f"sid={cookie}"})
        assert code_of(file) == REFUSED
        page = Tab(console, "page", cookie, "/add-second-factor")
        await page.hydrate()
        assert redirects(await page.send(DashboardState.load)) == []
        assert shown(await page.send(FactorsState.load_setup), FactorsState, "is_loaded") is True
        await page.send(FactorFormState.open_totp)
        await make_factor(ana)
        assert redirects(await page.send(FactorsState.load_setup)) == ["/settings?tab=two-factor"]
        assert redirects(await tab.send(DashboardState.load)) == []


def test_only_these_handlers_run_before_a_factor_is_added() -> None:
    allowed = {
        name.rpartition(".")[2]
        for name in RegistrationContext.get().event_handlers
        if permission_of(name) == "second_factor.setup"
    }
    proof = {"close_proof", "choose_proof", "ask_for_passkey", "give_passkey", "give_proof"}
    form = {"open_totp", "open_passkey", "open_rename", "save", "close_form", "resume_form", "discard_draft"}
    own = {name for name in FactorsState.event_handlers if permission_of(f"{FactorsState.get_full_name()}.{name}")}
    assert allowed <= proof | form | own
    assert form <= allowed


async def test_nothing_is_linked_before_a_factor_is_added() -> None:
    ana, _ = await signed_in(await make_user(created_at=LONG_AGO))
    with pytest.raises(SignInRefused) as refused:
        _require_full_session(ana, "link")
    assert refused.value.reason == "second_factor_setup"
    assert _require_full_session(ana, "reauthenticate") == ana


async def test_the_days_begin_when_somebody_becomes_an_administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance, "_stored", REQUIRED | {"two_factor_required": "administrators"})
    boss, _ = await signed_in(await make_admin())
    ana = await make_user(created_at=LONG_AGO)
    await run(users.update_user, boss, ana.user_id, UserUpdate(is_superuser=True))
    assert (await row_of(User, ana.user_id))["superuser_since"] is not None
    promoted, _ = await signed_in(ana)
    assert promoted.second_factor_due is not None
    assert not promoted.lacks_second_factor
    assert promoted.second_factor_due > datetime.now(UTC) + timedelta(days=6)


async def test_a_wider_requirement_gives_administrators_no_new_days(api: httpx.AsyncClient) -> None:
    boss = await make_admin()
    await make_factor(boss)
    header = await bearer(boss)
    for who in ("administrators", "everybody"):
        changed = await api.patch("/api/v1/instance", json={"two_factor_required": who}, headers=header)
        assert changed.status_code == 200, changed.text
    settings = instance.instance_settings()
    assert settings.two_factor_administrators_since is not None
    assert settings.two_factor_since is not None
    assert settings.two_factor_administrators_since < settings.two_factor_since
    changed = await api.patch("/api/v1/instance", json={"two_factor_required": "nobody"}, headers=header)
    assert changed.status_code == 200
    assert instance.instance_settings().two_factor_administrators_since is None


async def test_the_last_factor_stays_while_it_is_required() -> None:
    ana, _ = await signed_in(await make_user())
    first, second = await make_factor(ana), await make_factor(ana, name="Tablet")
    await run(factors.remove_factor, ana, first)
    with pytest.raises(Conflict):
        await run(factors.remove_factor, ana, second)
    assert len((await run(factors.list_factors, ana)).factors) == 1


async def test_the_only_administrator_gets_back_in_with_a_command(api: httpx.AsyncClient) -> None:
    boss = await make_user("boss", is_superuser=True, created_at=LONG_AGO)
    await make_factor(boss)
    before = await bearer(boss)
    async with transaction() as session:
        assert await factors.reset_on_server(session, "BOSS") == "boss"
    assert (await api.get("/api/v1/users/me", headers=before)).status_code == 401
    header = await bearer(boss)
    assert code_of(await api.get("/api/v1/users", headers=header)) == REFUSED
    await add_app(api, header)
    assert (await api.get("/api/v1/users", headers=header)).status_code == 200
