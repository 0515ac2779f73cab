"""Links in mails: a person sets a forgotten password, and moves to a new address, without an administrator."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PASSWORD, Console, sign_in_by_call
from tests.e2e.test_journey import NewPage
from tests.mailbox import Mailbox, ReadMail
from tests.processes import eventually

pytestmark = pytest.mark.e2e
NEW = "Violet-Train-17"


def make_person(console: Console, admin: tuple[str, str], name: str) -> None:
    with httpx.Client(base_url=console.url, timeout=10) as client:
        token = client.post("/api/auth/login", json={"username": admin[0], "password": admin[1]}).json()
        body = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        assert client.post("/api/v1/users", json=body, headers=headers).status_code == 201


def mail_to(console: Console, address: str, is_wanted: Callable[[ReadMail], bool]) -> ReadMail:
    """The first such mail; it is written by a worker."""
    mailbox = Mailbox(console.data_dir / "mail")
    wanted = eventually(
        lambda: [mail for mail in mailbox.read() if address in mail.to and is_wanted(mail)], f"a mail to {address}"
    )
    return wanted[0]


def link_in(mail: ReadMail) -> str:
    found = re.search(r"http\S+token=\S+", mail.text)
    assert found, mail.text
    return found[0]


def test_a_forgotten_password_is_set_anew(new_page: NewPage, admin: tuple[str, str], console: Console) -> None:
    make_person(console, admin, "forgetful")
    page = new_page()
    page.goto("/login")
    page.get_by_role("link", name="Forgot password?").click()
    page.get_by_label("Email", exact=True).fill("forgetful@example.com")
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_text("a mail with a link is on its way")).to_be_visible()

    link = link_in(mail_to(console, "forgetful@example.com", lambda mail: "new password" in mail.subject))
    page.goto(link)
    page.get_by_label("New password", exact=True).fill("short")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("Use at least 8 characters")).to_be_visible()
    page.get_by_label("New password", exact=True).fill(NEW)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("Your password is set.")).to_be_visible()

    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Username or email").fill("forgetful")
    page.get_by_label("Password", exact=True).fill(NEW)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Account", exact=True)).to_be_visible()

    page.goto(link)
    page.get_by_label("New password", exact=True).fill(NEW)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("This link was used already")).to_be_visible()

    page.goto(link.partition("?")[0])
    expect(page.get_by_role("heading", name="This link is incomplete")).to_be_visible()
    page.get_by_role("link", name="Request another link").click()
    expect(page.get_by_role("heading", name="Forgot your password?")).to_be_visible()


def test_a_new_address_counts_once_it_is_confirmed(new_page: NewPage, admin: tuple[str, str], console: Console) -> None:
    make_person(console, admin, "mover")
    page = new_page()
    sign_in_by_call(page, "mover", PASSWORD, path="/settings")
    page.get_by_label("Email", exact=True).fill("moved@example.com")
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Open the link that we sent to").first).to_be_visible()

    page.goto(link_in(mail_to(console, "moved@example.com", lambda mail: "Confirm" in mail.subject)))
    page.get_by_role("button", name="Confirm the address").click()
    page.get_by_role("link", name="Open the console").click()
    page.goto("/settings")
    expect(page.get_by_label("Email", exact=True)).to_have_value("moved@example.com")
    assert mail_to(console, "mover@example.com", lambda mail: "was changed" in mail.subject)
