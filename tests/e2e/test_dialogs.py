"""The dialogs of the console with a keyboard alone: the focus goes in, stays in, and returns to the button."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import create_project, sign_in_by_call, visit
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e
# The buttons of each page that open a dialog. {project} is the page of a project.
OPENERS = {
    "/dashboard": ("Customize",),
    "/users": ("New user", "Invite", "Import CSV"),
    "{project}?tab=members": ("Edit", "Add member"),
    "{project}?tab=settings": ("Add", "Freeze", "Connect Slack", "Trust CI jobs", "Transfer", "Archive"),
    "/groups": ("New group",),
    "/status": ("New incident", "Plan maintenance"),
}
STATE = """() => {
  const dialog = document.querySelector("[role=dialog], [role=alertdialog]"), at = document.activeElement;
  const field = dialog.querySelector("input:not([type=hidden]), select, textarea");
  const stops = dialog.querySelectorAll("input:not([type=hidden]), select, textarea, button, a[href]").length;
  return { isInside: dialog.contains(at), isFirst: !field || field === at, isForm: dialog.role === "dialog", stops };
}"""


def test_every_dialog_takes_keeps_and_returns_the_focus(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    project = create_project(page, "Dialogs Project")
    sign_in_by_call(page, *admin)
    for path, names in OPENERS.items():
        visit(page, path.format(project=project))
        for name in names:
            walk(page, f"{name} on {path}", name)
    says_how_full_a_field_is(page)


def says_how_full_a_field_is(page: Page) -> None:
    """From 90% of its maximum on: the browser drops what is typed beyond."""
    visit(page, "/projects")
    page.get_by_role("button", name="New project").first.click()
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_label("Name", exact=True)
    name.fill("x" * 95)
    expect(dialog.get_by_text("95 of 100 characters")).to_be_visible()
    expect(name).to_have_accessible_description(re.compile("95 of 100 characters"))
    name.fill("x" * 89)
    expect(dialog.get_by_text("of 100 characters")).to_have_count(0)


def walk(page: Page, where: str, name: str) -> None:
    button = page.get_by_role("main").get_by_role("button", name=name, exact=True).first
    button.press("Enter")
    dialog = page.locator("[role=dialog], [role=alertdialog]")
    expect(dialog, where).to_have_count(1)
    page.wait_for_function(f"({STATE})().isInside")
    state = page.evaluate(STATE)
    assert state["isFirst"] or not state["isForm"], f"{where}: the focus is not at the first field"
    for _ in range(state["stops"] + 1):
        page.keyboard.press("Tab")
        assert page.evaluate(STATE)["isInside"], f"{where}: Tab leaves the dialog"
    page.keyboard.press("Escape")
    expect(dialog, where).to_have_count(0)
    expect(button, where).to_be_focused()
