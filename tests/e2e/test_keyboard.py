"""The way from sign-in to a reported deployment with a keyboard alone; the focus shows at every stop."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import create_project
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e
MOST_STOPS = 60
# The name of what has the focus as a person reads it, and whether a ring is drawn around it.
FOCUSED = """() => {
  const at = document.activeElement, label = at.labels?.[0] ?? at;
  return [at.ariaLabel || label.textContent.trim(), getComputedStyle(at).outlineStyle === "solid"];
}"""
IS_FOCUSED = "element => element === document.activeElement"


def tab_to(page: Page, wanted: Locator) -> None:
    stops: list[str] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if wanted.evaluate(IS_FOCUSED):
            assert page.evaluate(FOCUSED)[1], f"no ring at {wanted}"
            return
        stop, is_shown = page.evaluate(FOCUSED)
        assert is_shown, f"no ring at {stop[:80]!r} after {stops}"
        stops.append(stop[:80])
    pytest.fail(f"{wanted} is not among the stops {stops}")


def test_a_deployment_is_reported_with_the_keyboard(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    create_project(page, "Keyboard Project")
    page.goto("/login?next=/projects?q=keyboard")
    expect(page.get_by_label("Username or email")).to_be_focused()
    page.keyboard.type(admin[0])
    tab_to(page, page.get_by_label("Password", exact=True))
    page.keyboard.type(admin[1])
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Keyboard Project")).to_be_visible()
    tab_to(page, page.get_by_role("link", name="Keyboard Project"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Keyboard Project", level=1)).to_be_visible()
    tab_to(page, page.get_by_role("navigation", name="Sections").get_by_role("link", name="Deployments"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("No deployments yet")).to_be_visible()
    tab_to(page, page.get_by_role("button", name="New deployment").first)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    tab_to(page, page.get_by_role("combobox", name="Environment"))
    page.keyboard.type("prod")
    expect(page.get_by_role("option", name="production")).to_be_visible()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Version"))
    page.keyboard.type("2.0.0")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("link", name="2.0.0")).to_be_visible()
