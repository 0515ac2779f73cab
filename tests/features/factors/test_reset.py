"""An administrator resets the second factors of a user who lost them."""

import httpx
import pytest
from reflex.istate.manager.memory import StateManagerMemory

from tca_app.features.factors.ui.user_state import UserFactorsState
from tests.factories import bearer, make_admin, make_factor, make_user
from tests.features.auth.test_sign_in import log_in
from tests.features.auth.test_step_up import grow_old
from tests.features.factors.accounts import Account, account_with_app, event_types
from tests.ui.harness import Tab, console_on, shown, sign_in


@pytest.fixture
async def ana(api: httpx.AsyncClient) -> Account:
    return await account_with_app(api)


async def test_afterwards_the_password_signs_in_and_sessions_have_ended(api: httpx.AsyncClient, ana: Account) -> None:
    admin = await bearer(await make_admin())
    url = f"/api/v1/users/{ana.actor.user_id}/factors"
    listed = (await api.get(url, headers=admin)).json()
    assert ([factor["name"] for factor in listed["factors"]], listed["recovery_codes_left"]) == (["Phone"], 10)
    challenge = (await log_in(api, "ana")).json()["second_factor"]["challenge"]
    assert (await api.delete(url, headers=admin)).status_code == 204
    assert "factors_reset" in await event_types()
    assert (await api.get("/api/auth/verify", headers=ana.headers)).status_code == 401
    late = await api.post("/api/auth/login/second-factor", json={"challenge": challenge, "code": ana.code()})
    assert late.status_code == 401
    assert (await log_in(api, "ana")).status_code == 200
    assert (await api.get(url, headers=admin)).json() == {"factors": [], "recovery_codes_left": 0}


async def test_it_needs_a_recent_proof_and_an_administrator(api: httpx.AsyncClient, ana: Account) -> None:
    admin, other = await bearer(await make_admin()), await bearer(await make_user())
    url = f"/api/v1/users/{ana.actor.user_id}/factors"
    assert (await api.get(url, headers=other)).status_code == 404
    for headers in (other, ana.headers):
        assert (await api.delete(url, headers=headers)).status_code == 403
    await grow_old()
    assert (await api.delete(url, headers=admin)).json()["code"] == "reauth_required"


async def test_on_the_page_of_the_user() -> None:
    ana = await make_user("ana")
    await make_factor(ana)
    async with console_on(StateManagerMemory()) as console:
        tab = Tab(console, "tab", await sign_in(await make_admin()), f"/users/{ana.user_id}")
        await tab.hydrate()
        loaded = await tab.send(UserFactorsState.load)
        assert len(shown(loaded, UserFactorsState, "factors")) == 1
        await tab.send(UserFactorsState.ask_reset, user_id=ana.user_id)
        done = await tab.send(UserFactorsState.reset_factors, _form={})
        assert shown(done, UserFactorsState, "factors") == []
