"""Invitations that are accepted by signing in at a provider: for the identity that signs in, whatever its address."""

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import func, select

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.cache.redis import get_redis
from tca_app.core.database.session import transaction
from tca_app.core.instance import keep
from tca_app.features.auth.oauth.identity import REASONS
from tca_app.models import Identity, PendingSignIn, ProjectMember, User
from tests.factories import bearer, make_admin, make_project, make_user
from tests.features.auth.oauth.conftest import OIDC, Browser
from tests.features.auth.oauth.provider import FakeProvider
from tests.features.auth.oauth.test_sign_in import count, link_to
from tests.features.factors.accounts import account_with_app
from tests.features.invitations.test_invitations import change_invitations, invite, role_in
from tests.mailbox import Mailbox, mailbox

__all__ = ["mailbox"]
INVITED = "work@example.com"  # the provider calls her ana@example.com


@pytest.fixture(autouse=True)
async def invited_only(provider: FakeProvider) -> None:
    """Without an invitation nobody gets an account."""
    await get_redis().flushdb()  # the limits on invitations
    keep({"sign_up": "invited"})


@pytest.fixture
async def admin() -> Actor:
    return await make_admin("ada")


@pytest.fixture
async def project_id(admin: Actor) -> int:
    return await make_project(admin)


@pytest.fixture
async def token(api: httpx.AsyncClient, admin: Actor, project_id: int, mailbox: Mailbox) -> str:
    """The token of an invitation into the project."""
    sent = await invite(api, await bearer(admin), INVITED, project_id=project_id, role="deployer")
    assert sent.status_code == 201, sent.text
    return (await mailbox.deliver())[-1].token


async def begin(browser: Browser, token: str, status: int = 200) -> str:
    headers = {"Origin": get_settings().public_url}
    answer = await browser.client.post(f"{OIDC}/invitation", json={"token": token}, headers=headers)
    assert answer.status_code == status, answer.text
    return str(answer.json().get("url", ""))


async def accept(browser: Browser, token: str) -> str:
    """Returns the page where it ends."""
    return (await browser.come_back(await begin(browser, token))).headers["location"]


def refused(page: str, token: str) -> str:
    parts = urlsplit(page)
    query = parse_qs(parts.query)
    assert (parts.path, query["token"]) == ("/accept-invitation", [token]), page
    assert query["reason"][0] in REASONS
    return query["reason"][0]


async def test_the_account_has_the_invited_address_and_this_identity(
    browser: Browser, token: str, project_id: int
) -> None:
    browser.provider.person["email_verified"] = False  # it plays no part
    assert await accept(browser, token) == f"/projects/{project_id}"
    assert browser.is_signed_in
    assert await role_in(project_id, INVITED) == "deployer"
    async with transaction() as session:
        user = (await session.execute(select(User).where(User.email == INVITED))).scalar_one()
        identity = (await session.execute(select(Identity))).scalar_one()
    assert (user.username, user.hashed_password, user.is_superuser) == ("ana", None, False)
    assert (identity.user_id, identity.subject) == (user.id, "s-1")


async def test_an_invitation_to_the_console_leads_to_the_dashboard(
    api: httpx.AsyncClient, browser: Browser, admin: Actor, mailbox: Mailbox
) -> None:
    await invite(api, await bearer(admin), INVITED)
    assert await accept(browser, (await mailbox.deliver())[-1].token) == "/dashboard"


async def test_it_is_accepted_once_under_parallel_sign_ins(
    new_browser: Callable[[], Browser], provider: FakeProvider, token: str
) -> None:
    """Twenty browsers with the link, of as many people."""
    browsers = [new_browser() for _ in range(20)]
    starts = [await begin(browser, token) for browser in browsers]
    arrivals = []
    for number, (browser, location) in enumerate(zip(browsers, starts, strict=True)):
        provider.person = {"sub": f"s-{number}", "preferred_username": f"person{number}"}
        query = {"state": parse_qs(urlsplit(location).query)["state"][0], "code": provider.sign_in(location)}
        arrivals.append(browser.client.get(f"{OIDC}/callback", params=query))
    pages = [answer.headers["location"] for answer in await asyncio.gather(*arrivals)]
    assert [page.startswith("/projects/") for page in pages].count(True) == 1
    assert (await count(Identity), await count(User)) == (1, 2)


async def test_another_browser_cannot_finish_it(
    browser: Browser, new_browser: Callable[[], Browser], token: str
) -> None:
    location, other = await begin(browser, token), new_browser()
    assert (await other.come_back(location)).headers["location"] == "/login?reason=expired"
    await begin(other, token)
    assert (await other.come_back(location)).headers["location"] == "/login?reason=expired"
    assert await count(Identity) == 0


async def test_the_invitation_in_the_cookie_cannot_be_swapped(browser: Browser, token: str) -> None:
    location = await browser.start()
    cookie = browser.client.cookies["oauth"]
    browser.client.cookies.clear()
    browser.client.cookies.set("oauth", f"{cookie}.{token}")
    assert (await browser.come_back(location)).headers["location"] == "/login?reason=expired"


async def test_nothing_that_is_stored_accepts_it(browser: Browser, token: str) -> None:
    location = await begin(browser, token)
    async with transaction() as session:
        row = (await session.execute(select(PendingSignIn))).scalar_one()
    assert token not in str(row.model_dump())
    assert token not in location


@pytest.mark.parametrize("change", [{"expires_at": func.now()}, {"revoked_at": func.now()}, {"token_hash": None}])
async def test_one_that_has_ended_is_refused(browser: Browser, token: str, change: dict[str, object]) -> None:
    location = await begin(browser, token)
    await change_invitations(**change)
    assert refused((await browser.come_back(location)).headers["location"], token) == "invitation_ended"
    await begin(browser, token, status=410)
    assert await count(Identity) == 0


async def test_nobody_signs_up_where_only_administrators_create_accounts(browser: Browser, token: str) -> None:
    keep({"sign_up": "nobody"})
    assert refused(await accept(browser, token), token) == "invitation_ended"
    assert await count(Identity) == 0


async def test_the_account_of_the_address_is_not_taken_over(browser: Browser, token: str) -> None:
    await make_user("worker", email=INVITED)
    assert refused(await accept(browser, token), token) == "invited_account"
    assert (await count(Identity), browser.is_signed_in) == (0, False)


async def test_whoever_has_an_account_signs_in_and_accepts_on_the_page(
    browser: Browser, provider: FakeProvider, token: str, project_id: int
) -> None:
    worker = await make_user("worker", email=INVITED)
    await link_to(worker.user_id, provider)
    assert await accept(browser, token) == f"/accept-invitation?token={token}"
    assert browser.is_signed_in
    assert await role_in(project_id, INVITED) is None
    headers = {"Origin": get_settings().public_url}
    answer = await browser.client.post("/api/auth/invitations/join", json={"token": token}, headers=headers)
    assert answer.status_code == 200
    assert await role_in(project_id, INVITED) == "deployer"


async def test_somebody_else_with_an_account_gets_no_second_one(
    browser: Browser, provider: FakeProvider, token: str, project_id: int
) -> None:
    other = await make_user("other")
    await link_to(other.user_id, provider)
    assert await accept(browser, token) == f"/accept-invitation?token={token}"
    async with transaction() as session:
        members = select(ProjectMember.user_id).where(ProjectMember.project_id == project_id)
        assert other.user_id not in (await session.execute(members)).scalars().all()


async def test_a_second_factor_comes_before_the_page(
    api: httpx.AsyncClient, browser: Browser, provider: FakeProvider, token: str
) -> None:
    worker = await account_with_app(api, "worker", email=INVITED)
    await link_to(worker.actor.user_id, provider)
    page = urlsplit(await accept(browser, token))
    assert (page.path, parse_qs(page.query)["next"]) == (
        "/login/second-factor",
        [f"/accept-invitation?token={token}"],
    )
    assert not browser.is_signed_in


async def test_a_refusal_leads_back_to_the_invitation(browser: Browser, token: str) -> None:
    location = await begin(browser, token)
    assert refused((await browser.come_back(location, code="")).headers["location"], token) == "cancelled"
