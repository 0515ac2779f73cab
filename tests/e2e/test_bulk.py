"""Many rows at a time in a real browser: members of a project, people of a group, and deployments."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import create, create_project, create_user, sign_in_by_call, visit
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


def test_members_get_another_role_and_are_removed_by_keyboard(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    path = create_project(page, "Crowded Project")
    for username, full_name in (("bulkana", "Ana Bulk"), ("bulkben", "Ben Bulk"), ("bulkcyd", "Cyd Bulk")):
        create(page, f"{path[1:]}/members", user_id=create_user(page, username, full_name), role="viewer")
    sign_in_by_call(page, *admin, path=f"{path}?tab=members&sort=name")
    bar, dialog = page.get_by_role("region", name="Selected rows"), page.get_by_role("alertdialog")
    row = page.get_by_role("row").filter(has_text="Ana Bulk")
    expect(row).to_be_visible()

    page.get_by_role("checkbox", name="Select Ana Bulk").click()
    page.get_by_role("checkbox", name="Select Cyd Bulk").click(modifiers=["Shift"])
    expect(bar).to_contain_text("3 members selected")
    bar.get_by_role("button", name="Make deployer").click()
    expect(dialog.get_by_role("heading")).to_have_text("Change the role of 3 members to deployer?")
    dialog.get_by_role("button", name="Dry run").press("Enter")
    expect(dialog).to_contain_text("Nothing was changed yet. This would work for 3 of 3 members.")
    expect(dialog.get_by_role("button", name="Dry run")).to_be_focused()
    dialog.get_by_role("button", name="Make deployer").click()
    expect(dialog).to_have_count(0)
    expect(row.get_by_role("combobox")).to_have_value("deployer")

    page.get_by_role("checkbox", name="Select all rows of this page").click()
    bar.get_by_role("button", name="Clear", exact=True).click()
    row.focus()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(bar).to_contain_text("2 members selected")
    bar.get_by_role("button", name="Remove").press("Enter")
    expect(dialog.get_by_role("heading")).to_have_text("Remove 2 members?")
    dialog.get_by_role("button", name="Remove").press("Enter")
    expect(row).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text="Cyd Bulk")).to_be_visible()


def test_users_are_added_to_a_group(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    joined, _other = (create(page, "groups", name=name) for name in ("Joining Group", "Other Group"))
    joe, _jan = (create_user(page, name, f"{name} Joining") for name in ("joinjoe", "joinjan"))
    create(page, f"groups/{joined['id']}/members", user_id=joe)
    sign_in_by_call(page, *admin, path="/users?q=joining")
    bar, dialog = page.get_by_role("region", name="Selected rows"), page.get_by_role("alertdialog")
    expect(page.get_by_role("row", name="joinjan")).to_be_visible()
    page.get_by_role("checkbox", name="Select all rows of this page").click()
    bar.get_by_role("button", name="Add to group").click()
    expect(dialog.get_by_role("heading")).to_have_text("Add 2 users to a group?")
    dialog.get_by_role("button", name="Add to group").click()
    expect(dialog).to_contain_text("Choose a group.")
    dialog.get_by_role("combobox", name="Group").fill("joining")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("combobox", name="Group")).to_have_value("Joining Group")
    dialog.get_by_role("button", name="Dry run").click()
    expect(dialog).to_contain_text("Nothing was changed yet. This would work for 1 of 2 users.")
    dialog.get_by_role("button", name="Add to group").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("alert")).to_contain_text("joinjoe: This user is already in the group.")
    visit(page, "/groups?q=joining")
    expect(page.get_by_role("row", name="Joining Group").get_by_role("button", name="2 people")).to_be_visible()


def test_people_of_a_group_are_removed_and_then_the_group(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    group = create(page, "groups", name="Bulky Group")
    for username, full_name in (("bulkgil", "Gil Bulk"), ("bulkhal", "Hal Bulk"), ("bulkivy", "Ivy Bulk")):
        create(page, f"groups/{group['id']}/members", user_id=create_user(page, username, full_name))
    sign_in_by_call(page, *admin, path="/groups?q=bulky")
    page.get_by_role("button", name="3 people").click()
    people, ask = page.get_by_role("dialog", name="People in Bulky Group"), page.get_by_role("alertdialog")
    people.get_by_role("checkbox", name="Select Gil Bulk").click()
    people.get_by_role("checkbox", name="Select Hal Bulk").click(modifiers=["Shift"])
    bar = people.get_by_role("region", name="Selected rows")
    expect(bar).to_contain_text("2 people selected")
    bar.get_by_role("button", name="Remove").click()
    expect(ask.get_by_role("heading")).to_have_text("Remove 2 people?")
    ask.get_by_role("button", name="Remove").click()
    expect(ask).to_have_count(0)
    expect(people.get_by_role("list", name="People").get_by_role("listitem")).to_have_count(1)
    people.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="1 person")).to_be_visible()

    page.get_by_role("checkbox", name="Select Bulky Group").click()
    page.get_by_role("region", name="Selected rows").get_by_role("button", name="Delete").click()
    expect(ask.get_by_role("heading")).to_have_text("Delete 1 group?")
    ask.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No results")).to_be_visible()


def test_deployments_are_cancelled_with_a_reason(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    path = create_project(page, "Stuck Project")
    for version in ("4.0.1", "4.0.2"):
        create(page, f"{path[1:]}/deployments", environment="staging", version=version)
    create(page, f"{path[1:]}/deployments", environment="staging", version="4.0.0", status="succeeded")
    sign_in_by_call(page, *admin, path=f"/deployments?project={path.rpartition('/')[2]}")
    page.get_by_role("checkbox", name="Select all rows of this page").click()
    page.get_by_role("region", name="Selected rows").get_by_role("button", name="Cancel deployments").click()
    ask = page.get_by_role("alertdialog")
    expect(ask.get_by_role("heading")).to_have_text("Cancel 2 deployments?")
    expect(ask).to_contain_text("1 has already ended.")
    expect(ask.get_by_role("button", name="Keep running")).to_be_visible()
    ask.get_by_label("Reason").fill("Runner is broken")
    ask.get_by_role("button", name="Cancel deployments").click()
    expect(page.get_by_role("row").filter(has_text="Cancelled")).to_have_count(2)

    visit(page, f"{path}?tab=deployments")
    page.get_by_role("checkbox", name="Select 4.0.1").click()
    expect(page.get_by_role("region", name="Selected rows")).to_contain_text("1 deployment selected")
    page.get_by_role("link", name="4.0.1").click()
    expect(page.get_by_text("Runner is broken").first).to_be_visible()


@pytest.mark.parametrize("width", [390, 820])
def test_the_checkboxes_leave_the_lists_their_width(new_page: NewPage, admin: tuple[str, str], width: int) -> None:
    page = new_page(viewport={"width": width, "height": 900})
    path = create_project(page, f"Narrow Project {width}")
    create(page, f"{path[1:]}/deployments", environment="staging", version="5.0.0")
    sign_in_by_call(page, *admin, path=f"{path}?tab=members")
    for url in (f"{path}?tab=members", f"{path}?tab=deployments", "/deployments", "/groups"):
        visit(page, url)
        boxes = page.get_by_role("checkbox", name="Select all rows of this page")
        if boxes.count():
            boxes.click()
            expect(page.get_by_role("region", name="Selected rows")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == width, url


def test_notifications_are_marked_by_keyboard_and_taken_back(new_page: NewPage) -> None:
    page = new_page()
    person = create_user(page, "bulkjo", "Jo Bulk")
    for name in ("Noisy One", "Noisy Two", "Noisy Three"):
        create_project(page, name, member=person)
    sign_in_by_call(page, "bulkjo", path="/notifications?tab=unread")
    rows = page.get_by_role("main").get_by_role("listitem").filter(has_text="Noisy")
    expect(rows).to_have_count(3)
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    bar = page.get_by_role("region", name="Selected rows")
    expect(bar).to_contain_text("3 notifications selected")
    bar.get_by_role("button", name="Mark as read").click()
    expect(page.get_by_text("No unread notifications")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(3)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Noisy", level=1)).to_be_visible()
