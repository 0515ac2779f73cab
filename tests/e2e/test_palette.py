"""The command palette by keyboard: it opens forms of other pages, and changes the theme."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import create_project, sign_in_by_call

pytestmark = pytest.mark.e2e


def test_commands_open_the_forms_of_other_pages(new_page: Callable[..., Page], admin: tuple[str, str]) -> None:
    page = new_page()
    sign_in_by_call(page, *admin)
    project = create_project(page, "Palette works")
    page.goto("/status")
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
    command("dark theme")
    expect(page.locator("html")).to_have_class("dark")
    page.keyboard.press("Control+k")
    expect(box).to_have_value("")
    options = page.get_by_role("listbox", name="Results").get_by_role("option")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", str(options.first.get_attribute("id")))


def test_keys_open_pages_and_are_all_listed(new_page: Callable[..., Page], admin: tuple[str, str]) -> None:
    page = new_page()
    sign_in_by_call(page, *admin)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog.get_by_text("Instance settings")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    for letter, path in (("u", "/users"), ("e", "/deployments?view=where"), ("p", "/projects")):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        page.wait_for_url(f"**{path}")
    page.keyboard.press("/")
    page.keyboard.type("gu?")
    expect(page.get_by_role("searchbox")).to_have_value("gu?")
    expect(page.get_by_role("heading", level=1)).to_have_text("Projects")
