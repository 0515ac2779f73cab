"""Sign-in at a provider of people who have a second factor here, and sign-ins that two replicas see."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import func, select
from starlette.types import ASGIApp

from tca_app.config.settings import get_settings
from tca_app.core.database.session import transaction
from tca_app.models import AuthSession, Identity
from tca_app.server.api import build_api
from tca_app.server.edge import Edge
from tests.features.auth.oauth.conftest import GITHUB, OIDC, Browser
from tests.features.auth.oauth.provider import FakeProvider
from tests.features.auth.oauth.test_sign_in import link_to, refused
from tests.features.auth.test_step_up import grow_old
from tests.features.factors.accounts import Account, account_with_app

FINISH = "/api/auth/session/second-factor"


@pytest.fixture
async def ana(api: httpx.AsyncClient, provider: FakeProvider) -> Account:
    """Has an authenticator app, and is linked to the provider's person."""
    account = await account_with_app(api, email="private@example.com")
    await link_to(account.actor.user_id, provider)
    return account


async def browser_sessions() -> int:
    async with transaction() as session:
        rows = select(func.count()).select_from(AuthSession).where(AuthSession.kind == "browser")
        return (await session.execute(rows)).scalar_one()


async def finish(browser: Browser, code: str) -> httpx.Response:
    headers = {"Origin": get_settings().public_url}
    return await browser.client.post(FINISH, json={"code": code}, headers=headers)


async def test_a_second_factor_is_asked_for(browser: Browser, ana: Account) -> None:
    assert await browser.sign_in(next="/users") == "/login/second-factor?next=%2Fusers"
    assert not browser.is_signed_in
    assert (await finish(browser, ana.code())).status_code == 204
    assert browser.is_signed_in


async def test_without_a_page_to_open_the_url_is_short(browser: Browser, ana: Account) -> None:
    assert await browser.sign_in() == "/login/second-factor"


async def test_github_is_not_enough_either(browser: Browser, ana: Account, provider: FakeProvider) -> None:
    provider.github = {
        "/user": (200, {"id": 583231, "login": "octocat"}),
        "/user/emails": (200, []),
    }
    async with transaction() as session:
        of_ana = {"user_id": ana.actor.user_id, "issuer": "https://github.com", "subject": "583231"}
        session.add(Identity(provider="github", **of_ana))
    assert await browser.sign_in(GITHUB) == "/login/second-factor"
    assert not browser.is_signed_in


async def test_another_browser_cannot_finish_it(browser: Browser, ana: Account, edge: ASGIApp) -> None:
    await browser.sign_in()
    other = Browser(edge, browser.provider)
    answer = await finish(other, ana.code())
    assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_expired")


async def test_unlinking_ends_a_sign_in_that_waits_for_the_second_factor(
    api: httpx.AsyncClient, browser: Browser, ana: Account
) -> None:
    await browser.sign_in()
    (row,) = (await api.get("/api/auth/identities", headers=ana.headers)).json()
    assert (await api.delete(f"/api/auth/identities/{row['id']}", headers=ana.headers)).status_code == 204
    answer = await finish(browser, ana.code())
    assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_expired")


async def test_unlinking_twenty_times_beside_sign_ins_deadlocks_nothing(
    api: httpx.AsyncClient, ana: Account, edge: ASGIApp, provider: FakeProvider
) -> None:
    (row,) = (await api.get("/api/auth/identities", headers=ana.headers)).json()
    unlink = [api.delete(f"/api/auth/identities/{row['id']}", headers=ana.headers) for _ in range(10)]
    answers, pages = await asyncio.gather(
        asyncio.gather(*unlink), asyncio.gather(*(Browser(edge, provider).sign_in() for _ in range(10)))
    )
    assert sorted(answer.status_code for answer in answers) == [204, *[404] * 9]
    assert {page for page in pages if page != "/login/second-factor"} <= {"/dashboard"}  # a new account of the person


async def test_the_proof_for_sensitive_changes_stays_one_sign_in(browser: Browser, ana: Account) -> None:
    """Like the password, which confirms alone: the session itself had both factors."""
    await browser.sign_in()
    await finish(browser, ana.code())
    await grow_old()
    assert await browser.sign_in(intent="reauthenticate") == "/settings"


@pytest.fixture
def replica() -> ASGIApp:
    """A second instance of the API on the same stores."""

    async def no_pages(*_: object) -> None:
        raise AssertionError

    return Edge(build_api(), no_pages, get_settings(), "")


async def test_a_sign_in_ends_on_another_replica_than_it_began(browser: Browser, replica: ASGIApp) -> None:
    other = Browser(replica, browser.provider)
    location = await browser.start()
    other.client.cookies.set("oauth", browser.client.cookies["oauth"])
    assert (await other.come_back(location)).headers["location"] == "/dashboard"
    assert refused((await browser.come_back(location)).headers["location"]) == "expired"


async def test_of_twenty_parallel_callbacks_on_two_replicas_one_opens_a_session(
    browser: Browser, replica: ASGIApp
) -> None:
    location = await browser.start()
    query = {"state": parse_qs(urlsplit(location).query)["state"][0], "code": browser.provider.sign_in(location)}
    headers = {"Cookie": f"oauth={browser.client.cookies['oauth']}"}
    clients = [browser.client, Browser(replica, browser.provider).client]
    calls = (clients[n % 2].get(f"{OIDC}/callback", params=query, headers=headers) for n in range(20))
    pages = [answer.headers["location"] for answer in await asyncio.gather(*calls)]
    assert sorted(pages) == ["/dashboard", *["/login?reason=expired"] * 19]
    assert await browser_sessions() == 1


async def test_the_code_of_somebody_elses_sign_in_is_worthless(browser: Browser, edge: ASGIApp) -> None:
    """The attack: a stolen code is put into a sign-in of the attacker's own. It fails at PKCE."""
    stolen = browser.provider.sign_in(await browser.start())
    attacker = Browser(edge, browser.provider)
    answer = await attacker.come_back(await attacker.start(), code=stolen)
    assert refused(answer.headers["location"]) == "invalid"
    assert not attacker.is_signed_in
