"""An administrator lets people in: by an invitation, or with a password that they have to change."""

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PASSWORD, Console, sign_in_by_call
from tests.e2e.test_journey import NewPage
from tests.e2e.test_links_in_mails import link_in, mail_to

pytestmark = pytest.mark.e2e


def test_an_invited_person_makes_an_account(new_page: NewPage, admin: tuple[str, str], console: Console) -> None:
    page = new_page()
    sign_in_by_call(page, *admin, path="/users")
    page.get_by_role("button", name="Invite", exact=True).click()
    page.get_by_label("Email addresses").fill('"Guest, Gia" <gia@example.com>; oops')
    page.get_by_role("button", name="Send invitations").click()
    expect(page.get_by_text("Not an email address: oops.")).to_be_visible()
    page.get_by_label("Email addresses").fill('"Guest, Gia" <gia@example.com>')
    page.get_by_role("button", name="Send invitations").click()
    page.get_by_role("link", name="Invitations").click()
    expect(page.get_by_role("row", name="gia@example.com")).to_contain_text("Pending")

    guest = new_page()
    link = link_in(mail_to(console, "gia@example.com", lambda mail: "invited you" in mail.subject))
    guest.goto(link)
    guest.get_by_label("Username").fill("ada")
    guest.get_by_label("Full name").fill("Gia Guest")
    guest.get_by_label("Password", exact=True).fill(PASSWORD)
    guest.get_by_role("button", name="Create account").click()
    expect(guest.get_by_text("This username is taken.")).to_be_visible()
    guest.get_by_label("Username").fill("gia")
    guest.get_by_role("button", name="Create account").click()
    guest.wait_for_url("**/dashboard**")
    expect(guest.get_by_role("button", name="Account", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="gia@example.com")).to_contain_text("Accepted")

    guest.goto(link)
    expect(guest.get_by_role("heading", name="This invitation has ended")).to_be_visible()


def test_a_password_that_was_set_is_changed_first(new_page: NewPage, admin: tuple[str, str], console: Console) -> None:
    with httpx.Client(base_url=console.url, timeout=10) as client:
        token = client.post("/api/auth/login", json={"username": admin[0], "password": admin[1]}).json()
        body = {"email": "hal@example.com", "username": "hal", "password": PASSWORD, "must_change_password": True}
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        assert client.post("/api/v1/users", json=body, headers=headers).status_code == 201
    page = new_page()
    page.goto("/login?next=/projects")
    page.get_by_label("Username or email").fill("hal")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Choose your own password")).to_be_visible()
    page.goto("/settings")
    expect(page.get_by_role("heading", name="Choose your own password")).to_be_visible()
    page.get_by_label("Current password", exact=True).fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill("Amber-Wagon-99")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("button", name="Account", exact=True)).to_be_visible()
    page.goto("/projects")
    expect(page.get_by_role("heading", name="Projects", level=1)).to_be_visible()
