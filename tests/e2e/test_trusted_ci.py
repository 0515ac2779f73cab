"""Trusted CI in the settings of a project in a real browser: added, edited, removed."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import create_project, sign_in_by_call
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


def test_a_project_trusts_jobs_of_github_and_no_longer(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    sign_in_by_call(page, *admin, path=create_project(page, "Trusting Project"))
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Trust CI jobs").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Release")
    dialog.get_by_label("Repository").fill("acme*")
    dialog.get_by_role("button", name="Trust these jobs").click()
    expect(dialog.get_by_text("Name the repository with one of")).to_be_visible()
    dialog.get_by_label("Repository").fill("acme/ledger")
    dialog.get_by_role("button", name="Trust these jobs").click()
    expect(dialog).to_be_hidden()
    row = page.get_by_role("row", name="Release")
    expect(row).to_contain_text("repository: acme/ledger")

    page.get_by_role("button", name="Actions for Release").click()
    page.get_by_role("menuitem", name="Edit").click()
    dialog.get_by_label("Environment").fill("production")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("environment: production")

    page.get_by_role("button", name="Actions for Release").click()
    page.get_by_role("menuitem", name="Remove").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No CI is trusted")).to_be_visible()
