"""An ended session sends every tab to the sign-in page, and one sign-in brings all of them back."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PASSWORD, Console, sign_in
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


def end_browser_sessions(console: Console, username: str) -> None:
    """As the person does from another device."""
    with httpx.Client(base_url=console.url, timeout=10) as client:
        answer = client.post("/api/auth/login", json={"username": username, "password": PASSWORD})
        header = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        for session in client.get("/api/auth/sessions", headers=header).json():
            if not session["is_current"]:
                assert client.delete(f"/api/auth/sessions/{session['id']}", headers=header).status_code == 204


def test_one_sign_in_brings_every_tab_back_to_its_own_page(
    new_page: NewPage, admin: tuple[str, str], console: Console
) -> None:
    first = new_page()
    sign_in(first, *admin, path="/users?q=ada")
    second, third = first.context.new_page(), first.context.new_page()
    second.goto("/settings?tab=password")
    expect(second.get_by_label("New password", exact=True)).to_be_visible()
    third.goto("/projects")
    expect(third.get_by_role("heading", name="Projects", level=1)).to_be_visible()

    end_browser_sessions(console, admin[0])
    for page in (first, second, third):
        page.wait_for_url(re.compile(r"/login/?\?next="), timeout=6000)
    first.get_by_label("Username or email").fill(admin[0])
    first.get_by_label("Password", exact=True).fill(PASSWORD)
    first.get_by_role("button", name="Sign in").click()
    expect(first.get_by_role("heading", name="Users", level=1)).to_be_visible()
    expect(first.get_by_role("searchbox", name="Search users")).to_have_value("ada")
    expect(second.get_by_label("New password", exact=True)).to_be_visible()
    expect(third.get_by_role("heading", name="Projects", level=1)).to_be_visible()
