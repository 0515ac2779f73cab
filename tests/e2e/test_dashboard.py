"""The dashboard in a real browser, customized with the keyboard alone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import create, create_project, sign_in_by_call
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


def cards(page: Page) -> list[str]:
    return [text.split("\n")[0] for text in page.locator(".cards .card").all_inner_texts()]


def test_what_somebody_hides_and_moves_stays_so(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page(viewport={"width": 390, "height": 844})
    create_project(page, "Arranged Project")
    sign_in_by_call(page, *admin)
    standard = ["Total users", "Active projects", "Deployments", "System health", "Success rate"]
    expect(page.locator(".cards .card")).to_have_count(5)
    assert cards(page) == standard
    page.get_by_role("button", name="Customize").press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Deployments", exact=True).press("Space")
    up = dialog.get_by_role("button", name="Move System health up", exact=True)
    for place in (3, 2, 1):
        up.press("Enter")
        expect(dialog.get_by_role("status")).to_have_text(f"System health is number {place} of 5.")
        expect(up).to_be_focused()
    down = dialog.get_by_role("button", name="Move Deployments by day down")
    down.press("Enter")
    expect(dialog.get_by_role("status")).to_have_text("Deployments by day is number 2 of 9.")
    expect(down).to_be_focused()
    dialog.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("Dashboard saved")).to_be_visible()
    for _ in range(2):
        expect(page.locator(".cards .card")).to_have_count(4)
        assert cards(page) == ["System health", "Total users", "Active projects", "Success rate"]
        expect(page.locator(".places h2").first).to_have_text("Deploying now")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.reload()
        expect(page.get_by_text("Updated")).to_be_visible()
    page.get_by_role("button", name="Customize").click()
    dialog.get_by_role("button", name="Reset to default").click()
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".cards .card")).to_have_count(5)
    assert cards(page) == standard


def test_a_chart_shows_its_figures_as_a_table(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    project = create_project(page, "Charted Project")
    create(page, f"{project.strip('/')}/deployments", environment="staging", version="1.0.0", status="succeeded")
    sign_in_by_call(page, *admin, path=project)
    table = page.get_by_role("table", name="Deployments that ended on each day (UTC)")
    expect(table.get_by_role("row").last).to_have_text(re.compile("100$"))  # for screen readers it is always there
    for position in ("static", "absolute"):
        page.get_by_label("Figures as a table").press("Enter")
        expect(table.locator("..")).to_have_css("position", position)
