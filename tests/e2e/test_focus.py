"""What a person without a mouse needs: the focus shows in a dialog, and no page scrolls sideways.

The stops of every page are those of test_accessibility.py.
"""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import sign_in_by_call
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e
OUTLINE = "getComputedStyle(document.activeElement).outlineStyle"
WIDTH = "document.documentElement.scrollWidth"


def focus_shows(page: Page) -> bool:
    page.keyboard.press("Tab")
    return bool(page.evaluate(OUTLINE) == "solid")


def test_the_focus_shows_in_a_dialog(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    sign_in_by_call(page, *admin, path="/users")
    page.get_by_role("button", name="Invite", exact=True).press("Enter")
    expect(page.get_by_label("Email addresses")).to_be_focused()
    assert all(focus_shows(page) for _ in range(2))


def test_a_table_wider_than_the_page_scrolls_in_its_frame(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page(viewport={"width": 820, "height": 900})
    sign_in_by_call(page, *admin, path="/users")
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    assert page.evaluate(WIDTH) == 820
