"""Two-factor authentication in a real browser: an authenticator app, recovery codes and passkeys."""

import re
import time
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PASSWORD, create_user, sign_in_by_call
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


def code_of(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(time.time()) + steps * 30)


def begin_sign_in(page: Page, username: str) -> None:
    page.goto("/login?next=/projects")
    page.get_by_label("Username or email").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Confirm your sign-in")).to_be_visible()


def test_an_app_and_recovery_codes(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    create_user(page, "twofa", "Two Fa")
    sign_in_by_call(page, "twofa", path="/settings?tab=two-factor")
    page.get_by_role("button", name="Add authenticator app").click()
    page.get_by_role("dialog").get_by_label("Name").fill("My phone")
    page.get_by_role("dialog").get_by_role("button", name="Continue").click()
    setup = page.get_by_role("region", name="New authenticator app")
    expect(setup.get_by_alt_text("QR code")).to_have_attribute("src", re.compile(r"^data:image/svg"))
    secret = setup.get_by_label("Key", exact=True).input_value()
    setup.get_by_label("Code", exact=True).fill(code_of(secret, -1))
    setup.get_by_role("button", name="Confirm").click()
    codes = page.get_by_role("region", name="New recovery codes")
    expect(codes.get_by_role("textbox", name="Recovery codes")).to_have_value(re.compile("-"))
    listed = codes.get_by_role("textbox", name="Recovery codes").input_value().split("\n")
    assert len(listed) == 10
    with page.expect_download() as download:
        codes.get_by_role("button", name="Download").click()
    assert Path(download.value.path()).read_text().split() == listed
    codes.get_by_role("button", name="I saved them").click()
    expect(codes).to_be_hidden()
    expect(page.get_by_text("10 of 10 codes are unused")).to_be_visible()

    other = new_page()
    begin_sign_in(other, "twofa")
    other.get_by_label("Code").fill("000000")
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("alert").filter(has_text="This is not correct")).to_be_visible()
    other.get_by_label("Code").fill(code_of(secret))
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("button", name="Account", exact=True)).to_be_visible()
    other.wait_for_url(re.compile("^[^?]*/projects"))

    third = new_page()
    begin_sign_in(third, "twofa")
    third.get_by_label("Code").fill(listed[0])
    third.get_by_role("button", name="Sign in").click()
    expect(third.get_by_role("button", name="Account", exact=True)).to_be_visible()
    third.goto("/settings?tab=two-factor")
    expect(third.get_by_text("9 of 10 codes are unused")).to_be_visible()
    third.get_by_role("button", name="Remove").click()
    confirmation = third.get_by_role("alertdialog")
    expect(confirmation.get_by_text("It is your last second factor")).to_be_visible()
    confirmation.get_by_role("button", name="Remove factor").click()
    expect(third.get_by_text("Your password alone signs you in")).to_be_visible()


def add_authenticator(page: Page) -> None:
    """A virtual device with passkeys that confirms every user by itself."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page(kept=False)
    create_user(page, "keys", "Kim Keys")
    add_authenticator(page)
    sign_in_by_call(page, "keys", path="/settings?tab=two-factor")
    page.get_by_role("button", name="Add passkey").click()
    page.get_by_role("dialog").get_by_label("Name").fill("My laptop")
    page.get_by_role("dialog").get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="I saved them").click()
    expect(page.get_by_role("listitem").filter(has_text="My laptop")).to_be_visible()

    sign_out(page)
    begin_sign_in(page, "keys")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("button", name="Account", exact=True)).to_be_visible()

    sign_out(page)
    page.get_by_role("button", name="Continue with a passkey").click()
    expect(page.get_by_role("button", name="Account", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("/dashboard"))


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Account", exact=True).click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_label("Username or email")).to_be_visible()
