"""The command palette by keyboard: it opens forms of other pages, and changes the theme."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import create, create_project, sign_in_by_call, visit

pytestmark = pytest.mark.e2e
# The server's messages arrive seconds after the page.
LATE_FRAMES = """
window.WebSocket = class extends WebSocket {
  set onmessage(take) { super.onmessage = (event) => setTimeout(() => take.call(this, event), 2000); }
};
"""


def test_commands_open_the_forms_of_other_pages(new_page: Callable[..., Page], admin: tuple[str, str]) -> None:
    page = new_page()
    sign_in_by_call(page, *admin)
    project = create_project(page, "Palette works")
    create(page, "groups", name="Night palette shift")
    visit(page, "/status")
    box = page.get_by_role("combobox", name="Type a command or search")

    def command(text: str) -> None:
        page.keyboard.press("Control+k")
        expect(box).to_be_focused()
        page.keyboard.type(text)
        page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Status")
    command("new proj")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="New project")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    command("report")
    expect(box).to_have_value("Report deployment of ")
    page.keyboard.type("palette works")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("heading", name="New deployment of Palette works")).to_be_visible()
    assert f"{project}?tab=deployments" in page.url
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    command("night palette")
    expect(dialog.get_by_role("heading", name="People in Night palette shift")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("Control+k")
    recent = page.get_by_role("group", name="Recent").get_by_role("option")
    expect(recent).to_contain_text(["Night palette shift", "Palette works"])
    page.keyboard.press("Escape")
    command("dark theme")
    expect(page.locator("html")).to_have_class("dark")
    expect(box).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(box).to_have_value("")
    options = page.get_by_role("listbox", name="Results").get_by_role("option")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", str(options.first.get_attribute("id")))


def test_the_palette_opens_when_it_was_asked_for_before_the_page_was_live(
    new_page: Callable[..., Page], admin: tuple[str, str]
) -> None:
    page = new_page(kept=False)
    sign_in_by_call(page, *admin)
    page.add_init_script(LATE_FRAMES)
    page.goto("/projects")
    expect(page.locator("html[data-platform]")).to_be_attached()  # the console's script has run
    expect(page.get_by_role("button", name="Search and commands")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Type a command or search")).to_be_focused(timeout=30_000)


def test_keys_open_pages_and_are_all_listed(new_page: Callable[..., Page], admin: tuple[str, str]) -> None:
    page = new_page()
    create_project(page, "Opened by keys")
    sign_in_by_call(page, *admin)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog.get_by_text("Instance settings")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    heading = page.get_by_role("heading", level=1)
    places = (("u", "/users", "Users"), ("e", "/deployments?view=where", "Deployments"), ("p", "/projects", "Projects"))
    for letter, path, title in places:
        page.keyboard.press("g")
        page.keyboard.press(letter)
        page.wait_for_url(f"**{path}")
        expect(heading).to_have_text(title)
    expect(page.locator("tr[data-row]").first).to_be_visible()  # the page has loaded: nothing redraws its search box
    page.keyboard.press("/")
    box = page.get_by_role("searchbox", name="Search projects")
    expect(box).to_be_focused()
    page.keyboard.type("gu?")
    expect(box).to_have_value("gu?")
    expect(heading).to_have_text("Projects")
