"""A comment on a deployment in real browsers: a person is mentioned by keyboard, and another page shows it live."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import create_project, sign_in_by_call
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


def test_a_comment_mentions_a_person_by_keyboard_and_is_live(new_page: NewPage, admin: tuple[str, str]) -> None:
    page, watcher = new_page(kept=False), new_page()
    sign_in_by_call(page, *admin, path=create_project(page, "Discussed Project"))
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Deployments").click()
    page.get_by_role("button", name="New deployment").first.click()
    page.get_by_label("Version").fill("3.1.0")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="3.1.0").click()
    expect(page.get_by_text("No comments yet.")).to_be_visible()
    sign_in_by_call(watcher, *admin, path=page.url)

    box = page.get_by_label("New comment")
    box.press_sequentially(f"See https://ci.example.com/7 @{admin[0][:3]}")
    expect(page.get_by_role("option", selected=True)).to_contain_text(f"@{admin[0]}")
    assert page.locator(".mention-list").evaluate("list => list.getBoundingClientRect().bottom <= innerHeight")
    box.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    box.press("Backspace")
    expect(page.get_by_role("option", selected=True)).to_be_visible()
    box.press("Enter")
    expect(box).to_have_value(f"See https://ci.example.com/7 @{admin[0]} ")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(box).to_have_value(f"See https://ci.example.com/7 @{admin[0]} ")  # the draft
    expect(page.get_by_text("Unsaved changes from")).to_be_visible()
    box.press("Control+Enter")
    expect(box).to_have_value("")
    comment = watcher.get_by_role("list", name="Comments").get_by_role("listitem")
    expect(comment.get_by_role("link", name="https://ci.example.com/7")).to_be_visible()
    expect(comment.locator(".mention")).to_have_text(f"@{admin[0]}")
    page.get_by_role("button", name="Delete the comment of").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete comment").click()
    expect(watcher.get_by_text("No comments yet.")).to_be_visible()
