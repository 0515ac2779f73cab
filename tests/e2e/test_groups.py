"""Groups in a real browser: created, filled, added to a project, and shown beside the member."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import create_project, create_user, sign_in_by_call
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


def test_a_group_makes_its_people_members_of_a_project(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    create_user(page, "gina", "Gina Grant")
    create_project(page, "Grouped Project")
    sign_in_by_call(page, *admin, path="/projects")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Groups").click()
    page.get_by_role("button", name="New group").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill("Platform")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    people = page.get_by_role("dialog", name="People in Platform")  # what comes next for a new group
    people.get_by_role("combobox").fill("gina")
    people.get_by_role("option").first.click()
    people.get_by_role("button", name="Add", exact=True).click()
    expect(people.get_by_role("list", name="People").get_by_role("listitem")).to_have_count(1)
    people.get_by_role("button", name="Close").click()

    page.get_by_role("navigation", name="Main").get_by_role("link", name="Projects").click()
    page.get_by_role("link", name="Grouped Project").first.click()
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Members").click()
    page.get_by_role("button", name="Add group").click()
    page.get_by_role("dialog").get_by_role("combobox", name="Group").fill("Platform")
    page.get_by_role("option", name="Platform").click()
    page.get_by_role("dialog").get_by_label("Role", exact=True).select_option("deployer")
    page.get_by_role("dialog").get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("through group Platform")).to_be_visible()
    page.get_by_role("button", name="Remove Platform").click()
    expect(page.get_by_text("through group Platform")).to_be_hidden()
