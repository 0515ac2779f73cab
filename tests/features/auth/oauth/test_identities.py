"""Linking and unlinking, proving again who one is without a password, and the role that the provider gives."""

from collections.abc import Callable
from datetime import timedelta
from time import time

import httpx
import pytest
from sqlalchemy import select, update

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.database.session import transaction
from tca_app.core.errors import ReauthenticationRequired
from tca_app.core.security.tokens import cookie_name
from tca_app.features.auth import service as auth
from tca_app.features.tokens import service as tokens
from tca_app.features.tokens.schemas import TokenCreate
from tca_app.models import AuthSession, Identity, LoggedEvent, User
from tests.factories import bearer, make_admin, make_user, row_of
from tests.features.auth.oauth.conftest import OIDC, Browser
from tests.features.auth.oauth.provider import FakeProvider
from tests.features.auth.oauth.test_sign_in import link_to, refused
from tests.features.auth.test_step_up import grow_old
from tests.ui.harness import sign_in

IDENTITIES = "/api/auth/identities"


async def signed_in(browser: Browser, actor: Actor) -> Browser:
    """The browser in which this person has signed in with the password."""
    browser.client.cookies.set(cookie_name(), await sign_in(actor))
    return browser


async def types() -> list[str]:
    async with transaction() as session:
        return list((await session.execute(select(LoggedEvent.type).order_by(LoggedEvent.id))).scalars())


async def owners() -> list[int]:
    async with transaction() as session:
        return list((await session.execute(select(Identity.user_id).order_by(Identity.id))).scalars())


async def test_a_signed_in_person_links_and_then_signs_in(
    api: httpx.AsyncClient, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    ana = await make_user("ana", email="private@example.com")
    await signed_in(browser, ana)
    browser.provider.person["email_verified"] = False  # it plays no part here
    assert await browser.sign_in(intent="link") == "/settings"
    assert await new_browser().sign_in() == "/dashboard"
    (row,) = (await api.get(IDENTITIES, headers=await bearer(ana))).json()
    assert (row["provider"], row["label"], row["name"]) == ("oidc", "Acme", "ana@example.com")
    assert row["is_usable"]
    assert (await types()).count("identity_linked") == 1


async def test_linking_needs_a_recent_proof(browser: Browser) -> None:
    await signed_in(browser, await make_user("ana"))
    await grow_old()
    assert refused(await browser.start(intent="link"), "/settings") == "needs_proof"


async def test_linking_needs_the_session_that_began_it(browser: Browser) -> None:
    ana, mallory = await make_user("ana"), await make_user("mallory")
    location = await (await signed_in(browser, ana)).start(intent="link")
    await signed_in(browser, mallory)
    answer = await browser.come_back(location)
    assert refused(answer.headers["location"], "/settings") == "not_signed_in"
    assert await owners() == []


async def test_a_password_of_an_administrator_is_changed_before_anything_is_linked(browser: Browser) -> None:
    await signed_in(browser, await make_user("ana", must_change_password=True))
    assert refused(await browser.start(intent="link"), "/settings") == "password_change"


async def test_a_stranger_cannot_link(browser: Browser) -> None:
    assert refused(await browser.start(intent="link"), "/settings") == "not_signed_in"


@pytest.mark.parametrize("site", ["cross-site", ""])
async def test_another_site_cannot_begin_a_link(browser: Browser, site: str) -> None:
    await signed_in(browser, await make_user("ana"))
    headers = {"Sec-Fetch-Site": site} if site else {"Referer": "https://evil.example.com/x"}
    answer = await browser.client.get(f"{OIDC}/start", params={"intent": "link"}, headers=headers)
    assert refused(answer.headers["location"], "/settings") == "failed"


async def test_an_identity_belongs_to_one_account(browser: Browser, provider: FakeProvider) -> None:
    ana, ben = await make_user("ana"), await make_user("ben")
    await link_to(ana.user_id, provider)
    await signed_in(browser, ben)
    assert refused(await browser.sign_in(intent="link"), "/settings") == "taken"
    assert await owners() == [ana.user_id]


async def test_an_account_has_one_identity_of_a_provider(browser: Browser, provider: FakeProvider) -> None:
    ana = await make_user("ana")
    await link_to(ana.user_id, provider, "another")
    await signed_in(browser, ana)
    assert refused(await browser.sign_in(intent="link"), "/settings") == "linked_already"


async def test_unlinking_needs_a_proof_and_is_recorded(api: httpx.AsyncClient, provider: FakeProvider) -> None:
    ana = await make_user("ana")
    await link_to(ana.user_id, provider)
    headers = await bearer(ana)
    (row,) = (await api.get(IDENTITIES, headers=headers)).json()
    await grow_old()
    answer = await api.delete(f"{IDENTITIES}/{row['id']}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "reauth_required")
    answer = await api.delete(f"{IDENTITIES}/{row['id']}", headers=await bearer(ana))
    assert (answer.status_code, await owners()) == (204, [])
    assert "identity_unlinked" in await types()


async def test_the_identity_of_somebody_else_does_not_exist(api: httpx.AsyncClient, provider: FakeProvider) -> None:
    ana, ben = await make_user("ana"), await make_user("ben")
    await link_to(ana.user_id, provider)
    (row,) = (await api.get(IDENTITIES, headers=await bearer(ana))).json()
    assert (await api.delete(f"{IDENTITIES}/{row['id']}", headers=await bearer(ben))).status_code == 404
    assert await owners() == [ana.user_id]


async def test_the_last_way_to_sign_in_stays(api: httpx.AsyncClient, provider: FakeProvider) -> None:
    ana = await make_user("ana", hashed_password=None)
    await link_to(ana.user_id, provider)
    async with transaction() as session:  # of a provider that is not offered any more: no way in
        session.add(Identity(user_id=ana.user_id, provider="oidc", issuer="https://old.example.com", subject="1"))
    headers = await bearer(ana)
    rows = (await api.get(IDENTITIES, headers=headers)).json()
    usable = next(row for row in rows if row["is_usable"])
    answer = await api.delete(f"{IDENTITIES}/{usable['id']}", headers=headers)
    assert (answer.status_code, len(await owners())) == (409, 2)
    assert "only way to sign in" in answer.json()["detail"]


async def test_without_a_password_a_new_sign_in_is_the_proof(
    api: httpx.AsyncClient, browser: Browser, provider: FakeProvider
) -> None:
    ana = await make_user("ana", hashed_password=None)
    await link_to(ana.user_id, provider)
    await signed_in(browser, ana)
    headers, change = await bearer(ana), {"password": "Violet-Train-17"}
    url = f"/api/v1/users/{ana.user_id}"
    await grow_old()
    assert (await api.patch(url, json=change, headers=headers)).json()["code"] == "reauth_required"
    answer = await api.post("/api/auth/reauthenticate", json={"password": "Green-Boat-42"}, headers=headers)
    assert (answer.status_code, "no password" in answer.text) == (422, True)
    assert "prompt=login" in await browser.start(intent="reauthenticate")
    assert await browser.sign_in(intent="reauthenticate", next="/users") == "/users"
    async with transaction() as session:
        recent = AuthSession.verified_at > AuthSession.created_at - timedelta(minutes=5)
        assert len(list(await session.execute(select(AuthSession.id).where(recent)))) == 1
    assert (await api.patch(url, json=change, headers=await bearer(ana))).status_code == 200
    assert (await row_of(User, ana.user_id))["hashed_password"]


async def test_the_proof_needs_the_linked_person_and_a_new_sign_in(browser: Browser, provider: FakeProvider) -> None:
    ana = await make_user("ana", hashed_password=None)
    await link_to(ana.user_id, provider)
    await signed_in(browser, ana)
    provider.claims = {"auth_time": 1_700_000_000}
    assert refused(await browser.sign_in(intent="reauthenticate"), "/settings") == "not_proven"
    provider.claims, provider.without = {}, {"auth_time"}
    assert refused(await browser.sign_in(intent="reauthenticate"), "/settings") == "not_proven"
    provider.without, provider.person["sub"] = set(), "s-2"
    assert refused(await browser.sign_in(intent="reauthenticate"), "/settings") == "not_yours"


async def test_signing_in_again_where_nobody_is_asked_is_no_new_proof(
    browser: Browser, provider: FakeProvider, api: httpx.AsyncClient
) -> None:
    """The attack: at somebody's open browser, which the provider lets in without a question."""
    ana = await make_user("ana")
    await link_to(ana.user_id, provider)

    async def may_add_a_token(auth_time: float) -> bool:
        provider.claims = {"auth_time": auth_time}
        assert await browser.sign_in() == "/dashboard"
        async with transaction() as session:
            caller = await auth.resolve_browser(session, browser.client.cookies["sid"])
            assert caller is not None
            try:
                await tokens.create_token(session, caller.actor, TokenCreate(name="Laptop"))
            except ReauthenticationRequired:
                return False
            return True

    for auth_time in (time() - 3600, 0, -1e300, float("-inf")):
        assert not await may_add_a_token(auth_time)
    for auth_time in (time() - 60, time() + 3600, 1e300):
        assert await may_add_a_token(auth_time)


async def test_an_account_without_a_password_cannot_sign_in_with_one(api: httpx.AsyncClient) -> None:
    await make_user("ana", hashed_password=None)
    for password in ("", "!", "Green-Boat-42"):
        answer = await api.post("/api/auth/login", json={"username": "ana", "password": password or "x"})
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_credentials")


@pytest.fixture
def admin_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "oidc_admin_claim", "groups=platform-admins")


@pytest.mark.usefixtures("admin_claim")
async def test_the_claim_gives_and_takes_the_role(
    browser: Browser, new_browser: Callable[[], Browser], provider: FakeProvider
) -> None:
    await make_admin()
    provider.person["groups"] = ["staff", "platform-admins"]
    await browser.sign_in()
    (ana_id,) = await owners()
    assert (await row_of(User, ana_id))["is_superuser"]
    provider.person["groups"] = ["staff"]
    other = new_browser()
    assert await other.sign_in() == "/dashboard"
    assert not (await row_of(User, ana_id))["is_superuser"]
    async with transaction() as session:
        open_sessions = select(AuthSession.id).where(
            AuthSession.user_id == ana_id,
            AuthSession.revoked_at.is_(None),  # type: ignore[union-attr]
        )
        assert len(list(await session.execute(open_sessions))) == 1  # the one that just began
        changes = select(LoggedEvent.data).where(LoggedEvent.type == "user_updated")
        (data,) = (await session.execute(changes)).scalars()
    assert (data["before"], data["after"]) == ({"is_superuser": True}, {"is_superuser": False})
    provider.person["groups"] = "platform-admins"
    await new_browser().sign_in()
    assert (await row_of(User, ana_id))["is_superuser"]


@pytest.mark.usefixtures("admin_claim")
async def test_the_last_administrator_keeps_the_role(browser: Browser, provider: FakeProvider) -> None:
    ana = await make_admin("ana")
    await link_to(ana.user_id, provider)
    assert await browser.sign_in() == "/dashboard"
    assert (await row_of(User, ana.user_id))["is_superuser"]


@pytest.mark.usefixtures("admin_claim")
@pytest.mark.parametrize("groups", [["platform-admins-too"], "staff platform-admins", None, {"platform-admins": 1}, 7])
async def test_only_the_exact_value_gives_the_role(browser: Browser, provider: FakeProvider, groups: object) -> None:
    provider.person["groups"] = groups
    await browser.sign_in()
    (ana_id,) = await owners()
    assert not (await row_of(User, ana_id))["is_superuser"]


async def test_without_the_setting_the_provider_changes_no_role(browser: Browser, provider: FakeProvider) -> None:
    await make_admin()
    ana = await make_admin("ana")
    await link_to(ana.user_id, provider)
    await browser.sign_in()
    assert (await row_of(User, ana.user_id))["is_superuser"]


async def test_no_secret_is_stored_or_logged(
    browser: Browser, provider: FakeProvider, capfd: pytest.CaptureFixture[str]
) -> None:
    location = await browser.start()
    answer = await browser.come_back(location)
    assert answer.headers["location"] == "/dashboard"
    async with transaction() as session:
        events = [str(row.data) for row in (await session.execute(select(LoggedEvent))).scalars()]
        await session.execute(update(User).values(full_name=""))
    said = "".join(capfd.readouterr()) + "".join(events)
    for secret in ("canary-client-words", "at-1", location.partition("state=")[2][:43]):
        assert secret not in said
