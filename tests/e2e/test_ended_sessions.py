"""An ended session sends every tab to the sign-in page, and one sign-in brings all of them back."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PASSWORD, Console, sign_in_by_call, visit
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


def test_one_sign_in_brings_every_tab_back_to_its_own_page(new_page: NewPage, admin: tuple[str, str]) -> None:
    first = new_page()
    sign_in_by_call(first, *admin, path="/users?q=ada")
    second, third = first.context.new_page(), first.context.new_page()
    visit(second, "/settings?tab=password")
    visit(third, "/projects")

    elsewhere = new_page()
    sign_in_by_call(elsewhere, *admin, path="/settings?tab=sessions")
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


def test_an_administrator_acts_as_a_user_in_all_tabs_and_comes_back(
    new_page: NewPage, admin: tuple[str, str], console: Console
) -> None:
    with httpx.Client(base_url=console.url, timeout=10) as client:
        answer = client.post("/api/auth/login", json={"username": admin[0], "password": PASSWORD})
        header = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        user = {"email": "acted@example.com", "username": "acted", "full_name": "Ana Acted", "password": PASSWORD}
        user_id = client.post("/api/v1/users", json=user, headers=header).json()["id"]
    page = new_page()
    sign_in_by_call(page, *admin, path=f"/users/{user_id}")
    second = page.context.new_page()
    visit(second, "/projects")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Act as this user").click()
    dialog = page.get_by_role("alertdialog")
    dialog.get_by_label("Reason").fill("Ticket 1234")
    dialog.get_by_role("button", name="Act as this user").click()
    for tab in (page, second):
        banner = tab.get_by_role("region", name="Acting as another user")
        expect(banner).to_contain_text("you act as Ana Acted")
        expect(banner).to_contain_text(re.compile("in (29|30) minutes"))
        expect(tab.get_by_role("navigation", name="Main").get_by_role("link", name="Users")).to_have_count(0)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.wait_for_url(re.compile(rf"/users/{user_id}"))
    for tab in (page, second):
        expect(tab.get_by_role("region", name="Acting as another user")).to_have_count(0)
        expect(tab.get_by_role("navigation", name="Main").get_by_role("link", name="Users")).to_have_count(1)
