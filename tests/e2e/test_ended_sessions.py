"""An ended session sends every tab to the sign-in page, and one sign-in brings all of them back."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PASSWORD, sign_in
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


def test_one_sign_in_brings_every_tab_back_to_its_own_page(new_page: NewPage, admin: tuple[str, str]) -> None:
    first = new_page()
    sign_in(first, *admin, path="/users?q=ada")
    second, third = first.context.new_page(), first.context.new_page()
    second.goto("/settings?tab=password")
    expect(second.get_by_label("New password", exact=True)).to_be_visible()
    third.goto("/projects")
    expect(third.get_by_role("heading", name="Projects", level=1)).to_be_visible()

    elsewhere = new_page()
    sign_in(elsewhere, *admin, path="/settings?tab=sessions")
    elsewhere.get_by_role("button", name="End all other sessions").click()
    elsewhere.get_by_role("alertdialog").get_by_role("button", name="End sessions").click()
    expect(elsewhere.get_by_role("button", name="End session", exact=True)).to_have_count(1)
    for page in (first, second, third):
        page.wait_for_url(re.compile(r"/login/?\?next="), timeout=6000)
    first.get_by_label("Username or email").fill(admin[0])
    first.get_by_label("Password", exact=True).fill(PASSWORD)
    first.get_by_role("button", name="Sign in").click()
    expect(first.get_by_role("heading", name="Users", level=1)).to_be_visible()
    expect(first.get_by_role("searchbox", name="Search users")).to_have_value("ada")
    expect(second.get_by_label("New password", exact=True)).to_be_visible()
    expect(third.get_by_role("heading", name="Projects", level=1)).to_be_visible()
