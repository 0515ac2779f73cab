"""Sign-in with GitHub: identified by the number, let in by the organization."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from tca_app.config.settings import get_settings
from tca_app.core.database.session import transaction
from tca_app.models import Identity, User
from tests.factories import make_user
from tests.features.auth.oauth.conftest import GITHUB, Browser
from tests.features.auth.oauth.provider import FakeProvider
from tests.features.auth.oauth.test_sign_in import refused

MEMBERSHIP = "/user/memberships/orgs/acme"


@pytest.fixture(autouse=True)
def octocat(provider: FakeProvider) -> None:
    """The token of GitHub's answer is bearer of these."""
    provider.github = {
        "/user": (200, {"id": 583231, "login": "octo-cat", "name": "The Octocat"}),
        "/user/emails": (200, [{"email": "Octo@example.com", "primary": True, "verified": True}]),
    }


async def test_the_first_sign_in_creates_an_account(browser: Browser) -> None:
    assert await browser.sign_in(GITHUB) == "/dashboard"
    async with transaction() as session:
        (user,) = (await session.execute(select(User))).scalars()
        (identity,) = (await session.execute(select(Identity))).scalars()
    assert (user.email, user.username, user.full_name) == ("octo@example.com", "octocat", "The Octocat")
    assert (identity.subject, identity.name) == ("583231", "octo-cat")


async def test_a_renamed_login_is_the_same_person_and_a_recycled_one_is_not(
    browser: Browser, new_browser: Callable[[], Browser], provider: FakeProvider
) -> None:
    await browser.sign_in(GITHUB)
    provider.github["/user"] = (200, {"id": 583231, "login": "renamed"})
    assert await new_browser().sign_in(GITHUB) == "/dashboard"
    provider.github["/user"] = (200, {"id": 99, "login": "octo-cat"})
    assert refused(await new_browser().sign_in(GITHUB)) == "account_exists"
    async with transaction() as session:
        names = (await session.execute(select(Identity.name))).scalars().all()
    assert names == ["renamed"]


@pytest.mark.parametrize(
    "emails",
    [
        [{"email": "octo@example.com", "primary": True, "verified": False}],
        [{"email": "octo@example.com", "primary": False, "verified": True}],
        [],
        {},
    ],
)
async def test_only_the_verified_primary_address_counts(
    browser: Browser, provider: FakeProvider, emails: object
) -> None:
    await make_user("octo")
    provider.github["/user/emails"] = (200, emails)
    assert refused(await browser.sign_in(GITHUB)) == "unverified_email"


@pytest.mark.parametrize(
    ("answer", "is_let_in"),
    [
        ((200, {"state": "active"}), True),
        ((200, {"state": "pending"}), False),
        ((404, {}), False),
        ((403, {}), False),
    ],
)
async def test_only_active_members_of_an_allowed_organization_come_in(
    browser: Browser,
    provider: FakeProvider,
    monkeypatch: pytest.MonkeyPatch,
    answer: tuple[int, dict[str, str]],
    is_let_in: bool,
) -> None:
    monkeypatch.setattr(get_settings(), "github_allowed_orgs", ["other", "acme"])
    provider.github[MEMBERSHIP] = answer
    assert "read%3Aorg" in await browser.start(GITHUB)
    page = await browser.sign_in(GITHUB)
    assert page == "/dashboard" if is_let_in else refused(page) == "not_a_member"
    assert browser.is_signed_in == is_let_in


@pytest.mark.parametrize("user", [{}, {"id": "583231", "login": "x"}, {"id": True, "login": "x"}, [1]])
async def test_an_answer_without_a_number_is_refused(browser: Browser, provider: FakeProvider, user: object) -> None:
    provider.github["/user"] = (200, user)
    assert refused(await browser.sign_in(GITHUB)) == "invalid"
