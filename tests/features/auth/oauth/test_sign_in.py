"""Sign-in at an OpenID Connect provider: who gets in, once, in their own browser, and who does not."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select, update

from tca_app.config.settings import get_settings
from tca_app.core.database.session import transaction
from tca_app.core.instance import keep
from tca_app.features.auth.oauth.identity import REASONS
from tca_app.features.auth.oauth.providers import find_provider
from tca_app.models import Identity, PendingSignIn, User
from tests.factories import make_user, row_of
from tests.features.auth.oauth.conftest import OIDC, Browser
from tests.features.auth.oauth.provider import ANA, FakeProvider


def refused(page: str, path: str = "/login") -> str:
    """Why, as the page says it; the URL has nothing else."""
    parts = urlsplit(page)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert parts.path == path, page
    assert set(query) <= {"reason", "next"}
    assert query["reason"] in REASONS
    return query["reason"]


async def count(table: type) -> int:
    async with transaction() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


async def link_to(user_id: int, provider: FakeProvider, subject: str = "s-1") -> None:
    async with transaction() as session:
        session.add(Identity(user_id=user_id, provider="oidc", issuer=provider.url, subject=subject))


async def test_the_first_sign_in_creates_an_account_and_the_next_one_finds_it(
    browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    assert await browser.sign_in(next="/projects?q=a") == "/projects?q=a"
    assert browser.is_signed_in
    assert await new_browser().sign_in() == "/dashboard"
    async with transaction() as session:
        (user,) = (await session.execute(select(User))).scalars()
    assert (user.email, user.username, user.full_name) == ("ana@example.com", "ana", "Ana Lopez")
    assert user.hashed_password is None
    assert not user.is_superuser


async def test_the_request_has_state_nonce_pkce_and_the_exact_redirect_uri(browser: Browser) -> None:
    asked = parse_qs(urlsplit(await browser.start()).query)
    assert asked["redirect_uri"] == [f"{get_settings().public_url}{OIDC}/callback"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    assert min(len(asked[name][0]) for name in ("state", "nonce", "code_challenge")) >= 43


async def test_nothing_that_is_stored_finishes_a_sign_in(browser: Browser) -> None:
    asked = parse_qs(urlsplit(await browser.start()).query)
    async with transaction() as session:
        (row,) = (await session.execute(select(PendingSignIn))).scalars()
    stored = str(row.model_dump())
    for secret in (asked["state"][0], asked["nonce"][0], browser.client.cookies["oauth"]):
        assert secret not in stored


async def test_the_cookie_is_out_of_reach_of_scripts_and_is_deleted(browser: Browser) -> None:
    answer = await browser.client.get(f"{OIDC}/start")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=600" in cookie
    await browser.come_back(answer.headers["location"])
    assert "oauth" not in browser.client.cookies


async def test_a_state_works_once(browser: Browser) -> None:
    location = await browser.start()
    cookie = browser.client.cookies["oauth"]
    assert (await browser.come_back(location)).headers["location"] == "/dashboard"
    browser.client.cookies.set("oauth", cookie)
    assert refused((await browser.come_back(location)).headers["location"]) == "expired"


async def test_a_state_works_once_under_parallel_requests(browser: Browser) -> None:
    location = await browser.start()
    state, cookie = parse_qs(urlsplit(location).query)["state"][0], browser.client.cookies["oauth"]
    code = browser.provider.sign_in(location)

    async def arrive() -> str:
        headers = {"Cookie": f"oauth={cookie}"}
        answer = await browser.client.get(f"{OIDC}/callback", params={"state": state, "code": code}, headers=headers)
        return answer.headers["location"]

    pages = await asyncio.gather(*(arrive() for _ in range(20)))
    assert pages.count("/dashboard") == 1
    assert {refused(page) for page in pages if page != "/dashboard"} == {"expired"}
    assert (await count(User), await count(Identity)) == (1, 1)


async def test_parallel_first_sign_ins_of_a_person_create_one_account(new_browser: Callable[[], Browser]) -> None:
    pages = await asyncio.gather(*(new_browser().sign_in() for _ in range(10)))
    assert set(pages) == {"/dashboard"}
    assert (await count(User), await count(Identity)) == (1, 1)


@pytest.mark.parametrize("state", ["", "x", "A" * 43])
async def test_a_missing_or_unknown_state_is_refused(browser: Browser, state: str) -> None:
    location = await browser.start()
    assert refused((await browser.come_back(location, state=state)).headers["location"]) == "expired"
    assert not browser.is_signed_in


async def test_another_browser_cannot_finish_it_nor_end_it(
    browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    """The attack: somebody sends you a link with their own code, so that you work in their account."""
    location, other = await browser.start(), new_browser()
    assert refused((await other.come_back(location)).headers["location"]) == "expired"
    await other.start()  # with a sign-in of its own the states are swapped
    assert refused((await other.come_back(location)).headers["location"]) == "expired"
    assert not other.is_signed_in
    assert (await browser.come_back(location)).headers["location"] == "/dashboard"


async def test_the_answer_of_another_provider_is_refused(browser: Browser) -> None:
    location = await browser.start()
    answer = await browser.come_back(location, "/api/auth/oauth/github")
    assert refused(answer.headers["location"]) == "expired"
    answer = await browser.come_back(await browser.start(), iss="https://evil.example.com")
    assert refused(answer.headers["location"]) == "invalid"


async def test_it_expires_after_ten_minutes(browser: Browser) -> None:
    location = await browser.start()
    async with transaction() as session:
        earlier = {"expires_at": PendingSignIn.expires_at - timedelta(minutes=10)}
        await session.execute(update(PendingSignIn).values(earlier))
    assert refused((await browser.come_back(location)).headers["location"]) == "expired"


async def test_a_person_who_refuses_comes_back_to_the_sign_in_page(browser: Browser) -> None:
    state = parse_qs(urlsplit(await browser.start(next="/users")).query)["state"][0]
    query = {"state": state, "error": "access_denied", "error_description": "secret words"}
    answer = await browser.client.get(f"{OIDC}/callback", params=query)
    assert answer.headers["location"] == "/login?reason=cancelled&next=%2Fusers"


async def test_a_renamed_person_is_the_same_one(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    await browser.sign_in()
    browser.provider.person |= {"email": "lopez@example.com", "preferred_username": "lopez"}
    assert await new_browser().sign_in() == "/dashboard"
    async with transaction() as session:
        (user,) = (await session.execute(select(User))).scalars()
        (identity,) = (await session.execute(select(Identity))).scalars()
    assert user.email == "ana@example.com"
    assert identity.name == "lopez@example.com"


async def test_a_recycled_name_and_address_is_somebody_else(
    browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    await browser.sign_in()
    browser.provider.person["sub"] = "s-2"
    other = new_browser()
    assert refused(await other.sign_in()) == "account_exists"
    assert not other.is_signed_in


async def test_the_same_verified_address_is_not_signed_in_silently(browser: Browser) -> None:
    await make_user("ana")
    assert refused(await browser.sign_in()) == "account_exists"
    assert (await count(Identity), browser.is_signed_in) == (0, False)


@pytest.mark.parametrize("verified", [False, None, "false", 1])
async def test_an_unverified_address_neither_links_nor_creates_nor_tells(browser: Browser, verified: object) -> None:
    await make_user("ana")
    browser.provider.person["email_verified"] = verified
    assert refused(await browser.sign_in()) == "unverified_email"
    browser.provider.person |= {"sub": "s-2", "email": "nobody@example.com"}
    assert refused(await browser.sign_in()) == "unverified_email"
    assert (await count(User), await count(Identity)) == (1, 0)


@pytest.mark.parametrize("sign_up", ["nobody", "invited"])
async def test_accounts_are_created_only_if_the_instance_allows_it(browser: Browser, sign_up: str) -> None:
    keep({"sign_up": sign_up})
    assert refused(await browser.sign_in()) == "no_account"
    assert await count(User) == 0


@pytest.mark.parametrize("change", [{"is_active": False}, {"deleted_at": func.now()}])
async def test_a_deactivated_account_stays_out(
    browser: Browser, provider: FakeProvider, change: dict[str, object]
) -> None:
    ana = await make_user("ana", **change)
    await link_to(ana.user_id, provider)
    assert refused(await browser.sign_in()) == "inactive"
    assert not browser.is_signed_in


async def test_the_subject_of_another_issuer_is_somebody_else(browser: Browser, provider: FakeProvider) -> None:
    """After a change of OIDC_ISSUER the numbers of the new provider mean other people."""
    old = await make_user("old")
    async with transaction() as session:
        session.add(Identity(user_id=old.user_id, provider="oidc", issuer="https://old.example.com", subject="s-1"))
    assert await browser.sign_in() == "/dashboard"
    assert await count(User) == 2
    assert (await row_of(User, old.user_id))["last_login_at"] is None


@pytest.mark.parametrize(
    ("said", "username"),
    [("ana", "ana2"), ("Ana.Lopez-7", "AnaLopez7"), ("é", "usere"), ("", "jo9"), ("x" * 200, "x" * 40)],
)
async def test_usernames_are_made_valid_and_unique(browser: Browser, said: str, username: str) -> None:
    await make_user("ANA", email="other@example.com")
    browser.provider.person = ANA | {"preferred_username": said, "email": "jo.9@example.com"}
    assert await browser.sign_in() == "/dashboard"
    async with transaction() as session:
        names = (await session.execute(select(User.username).order_by(User.id))).scalars().all()
    assert names == ["ANA", username]


ELSEWHERE = ["//evil.example", "https://evil.example", "/\\evil.example", "/.\\evil.example"]
NO_PAGE = ["/api/x", "/%61pi/x", "/./api/x", "/x/../api/x", "/x/%2e%2e/%61pi/x?y", "/x\\..\\api\\x", "/.//api/x"]


@pytest.mark.parametrize("page", [*ELSEWHERE, *NO_PAGE])
async def test_it_never_leads_to_another_site(browser: Browser, page: str) -> None:
    assert await browser.sign_in(next=page) == "/dashboard"


async def test_the_token_of_a_link_is_neither_stored_nor_passed_on(browser: Browser) -> None:
    await browser.start(next="/accept-invitation?token=canary")
    async with transaction() as session:
        assert (await session.execute(select(PendingSignIn.next_path))).scalars().all() == [""]
    assert find_provider("oidc").link("sign_in", "/accept-invitation?token=canary")["url"].endswith("intent=sign_in")


async def test_a_provider_that_is_away_is_named(browser: Browser, provider: FakeProvider) -> None:
    provider.status = 503
    for _ in range(3):
        assert refused(await browser.start()) == "unavailable"
    assert len(provider.got) == 1  # callers do not queue up behind one that is down


async def test_a_provider_that_is_not_configured_does_not_exist(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "oidc_issuer", "")
    for call in ("start", "callback"):
        assert (await browser.client.get(f"/api/auth/oauth/oidc/{call}")).status_code in (303, 404)
    assert (await browser.client.get("/api/auth/oauth/oidc/start")).status_code == 404
