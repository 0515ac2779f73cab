"""The event log in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import create_project, sign_in_by_call
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


def test_what_somebody_did_can_be_read_filtered_and_taken_along(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    create_project(page, "Logged Project")
    sign_in_by_call(page, *admin, path="/activity")
    expect(page.get_by_role("heading", name="Activity", level=1)).to_be_visible()
    line = page.get_by_text("Ada Admin created Logged Project")
    line.click()
    expect(page.get_by_role("row", name="Slug logged-project")).to_be_visible()
    page.get_by_role("button", name="Type filter").click()
    page.get_by_role("checkbox", name="User logged in").click()
    expect(page.get_by_role("button", name="Remove filter Type: User logged in")).to_be_visible()
    page.keyboard.press("Escape")
    expect(line).to_be_hidden()
    expect(page.get_by_text("Ada Admin signed in").first).to_be_visible()
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="CSV file").click()
    assert download.value.suggested_filename.endswith(".csv")
    assert "user_logged_in" in download.value.path().read_text()
    assert "project_created" not in download.value.path().read_text()


def test_a_view_that_nothing_matches_can_be_widened_again(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    sign_in_by_call(page, *admin, path="/activity?type=project_purged&actor=1&project=1&subject=user&q=nobody")
    page.get_by_role("button", name="Clear search and filters").click()
    expect(page).to_have_url(re.compile("/activity$"))
    expect(page.get_by_text("Ada Admin signed in").first).to_be_visible()
