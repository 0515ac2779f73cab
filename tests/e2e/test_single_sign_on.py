"""Single sign-on in a browser: a first sign-in, an invitation, linking and unlinking, and a refusal in words."""

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Console, sign_in
from tests.e2e.test_journey import NewPage
from tests.e2e.test_links_in_mails import link_in, mail_to, make_person
from tests.features.auth.oauth.provider import ANA, FakeProvider

pytestmark = pytest.mark.e2e


def test_a_person_signs_in_at_the_provider_for_the_first_time(
    new_page: NewPage, admin: tuple[str, str], console: Console, provider: FakeProvider
) -> None:
    with httpx.Client(base_url=console.url, timeout=10) as client:
        token = client.post("/api/auth/login", json={"username": admin[0], "password": admin[1]}).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        assert client.patch("/api/v1/instance", json={"sign_up": "provider"}, headers=headers).status_code == 200
    provider.person = ANA | {"sub": "first", "email": "single@example.com", "preferred_username": "single"}
    page = new_page()
    waiting = page.context.new_page()
    waiting.goto("/login?next=/projects")
    page.goto("/login?next=/settings")
    page.get_by_role("link", name="Continue with Acme").click()
    expect(page.get_by_role("button", name="Account", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", level=1, name="Settings")).to_be_visible()
    expect(waiting.get_by_role("heading", level=1, name="Projects")).to_be_visible()
    panel = page.locator("section", has=page.get_by_role("heading", name="Sign-in"))
    expect(panel).to_contain_text("single@example.com")
    expect(panel).to_contain_text("Not set")
    panel.get_by_role("button", name="Unlink Acme").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Unlink").click()
    expect(page.get_by_role("alertdialog")).to_contain_text("This is your only way to sign in.")
    page.get_by_role("button", name="Keep it").click()
    panel.get_by_role("link", name="Set a password").click()
    page.get_by_label("New password", exact=True).fill("Violet-Train-17")
    page.get_by_label("Confirm new password").fill("Violet-Train-17")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Password changed.")).to_be_visible()


def test_a_person_links_the_provider_and_unlinks_it(
    new_page: NewPage, admin: tuple[str, str], console: Console, provider: FakeProvider
) -> None:
    make_person(console, admin, "linker")
    provider.person = ANA | {"sub": "linked", "email": "linker@example.com", "preferred_username": "linker"}
    page = new_page()
    page.goto("/login")
    page.get_by_role("link", name="Continue with Acme").click()
    expect(page.get_by_role("alert").filter(has_text="There is an account with your email address.")).to_be_visible()

    sign_in(page, "linker", path="/settings")
    page.get_by_role("link", name="Link Acme").click()
    panel = page.locator("section", has=page.get_by_role("heading", name="Sign-in"))
    expect(panel).to_contain_text("linker@example.com")

    other = new_page()
    other.goto("/login")
    other.get_by_role("link", name="Continue with Acme").click()
    expect(other.get_by_role("button", name="Account", exact=True)).to_be_visible()

    panel.get_by_role("button", name="Unlink Acme").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Unlink").click()
    expect(panel.get_by_role("link", name="Link Acme")).to_be_visible()


def test_an_invited_person_accepts_at_the_provider(
    new_page: NewPage, admin: tuple[str, str], console: Console, provider: FakeProvider
) -> None:
    with httpx.Client(base_url=console.url, timeout=10) as client:
        token = client.post("/api/auth/login", json={"username": admin[0], "password": admin[1]}).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        invited = client.post("/api/v1/invitations", json={"emails": ["ivy@example.com"]}, headers=headers)
        assert invited.status_code == 201
    provider.person = ANA | {"sub": "invited", "email": "elsewhere@example.com", "preferred_username": "ivy"}
    page = new_page()
    page.goto(link_in(mail_to(console, "ivy@example.com", lambda mail: "invited you" in mail.subject)))
    page.get_by_role("button", name="Continue with Acme").click()
    page.wait_for_url("**/dashboard**")
    page.goto("/settings")
    expect(page.get_by_label("Email", exact=True)).to_have_value("ivy@example.com")
