"""The time zone of a person and the zoom of a chart, in a browser."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import create, create_administrator, create_project, sign_in_by_call, visit
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


def test_times_follow_the_chosen_zone_and_format(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page(timezone_id="America/New_York", locale="en-US")
    create_project(page, "Zoned Project")
    create_administrator(page, "zora", "Zora")
    sign_in_by_call(page, "zora", path="/settings?tab=appearance")
    zone, sample = page.get_by_label("Time zone"), page.locator("[data-region-sample]")
    expect(sample).to_have_text(
        re.compile(r"^\d\d/\d\d/\d{4}, \d\d:\d\d [AP]M \(America/New_York, UTC-[45]\), 1,234\.5$")
    )
    zone.focus()
    expect(page.locator("#time-zones option[value='Asia/Tokyo']")).to_have_attribute("label", "Tokyo (Asia), UTC+9")
    for typed, shown in (("Asia/Tok", re.compile("–")), ("Asia/Kolkata", re.compile(r"\(Asia/Kolkata, UTC\+5:30\)"))):
        zone.fill(typed)
        expect(sample).to_have_text(shown)
    page.get_by_label("Dates and numbers").select_option("de-DE")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Time zone and format saved")).to_be_visible()
    page.goto("/projects")
    created = page.locator("time[data-relative]").first
    expect(created).to_have_attribute("title", re.compile(r"^\d\d\.\d\d\.\d{4}, [\d:]{8} \(Asia/Kolkata, UTC\+5:30\)$"))


def drag(page: Page, plot: Locator, *shares: float) -> None:
    """Drags over a chart between two shares of its width."""
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    start, end = (box["x"] + box["width"] * share for share in shares)
    page.mouse.move(start, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(end, box["y"] + box["height"] / 2, steps=3)
    page.mouse.up()


def test_dragging_over_days_zooms_and_esc_zooms_out(new_page: NewPage, admin: tuple[str, str]) -> None:
    page, today = new_page(), datetime.now(UTC).date()
    path = create_project(page, "Zoomed Project")
    days = [(today - timedelta(days=back)).isoformat() for back in range(10, 0, -1)]
    sign_in_by_call(page, *admin, path=f"{path}?from={days[0]}&to={days[-1]}")
    plot = page.locator(".day-bars .plot")
    expect(plot.locator("[data-day]")).to_have_count(10)
    drag(page, plot, 0.25, 0.65)
    expect(page).to_have_url(re.compile(rf"from={days[2]}&to={days[6]}$"))
    expect(plot.locator("[data-day]")).to_have_count(5)
    expect(page.locator(".chart-legend a").first).to_have_attribute(
        "href", re.compile(f"ended_since={days[2]}&ended_until={days[6]}")
    )
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(rf"{path}/?$"))
    visit(page, f"{path}?from={days[2]}&to={days[6]}")
    page.get_by_text("Choose days").press("Enter")
    page.get_by_label("From").fill(days[3])
    page.get_by_role("button", name="Show", exact=True).press("Enter")
    expect(page).to_have_url(re.compile(rf"from={days[3]}&to={days[6]}$"))


def test_dragging_over_weeks_zooms_the_dora_metrics(new_page: NewPage, admin: tuple[str, str]) -> None:
    page, today = new_page(), datetime.now(UTC).date()
    project = create_project(page, "Weekly Project")
    create(page, f"{project.strip('/')}/deployments", environment="production", version="1.0.0", status="succeeded")
    sign_in_by_call(page, *admin, path="/dora")
    plot = page.locator(".dora-cards .plot").first
    expect(plot.locator("[data-day]")).to_have_count(12)
    drag(page, plot, 0.8, 0.98)
    since, until = today - timedelta(days=3 * 7 - 1), today
    expect(page).to_have_url(re.compile(rf"/dora/?\?from={since}&to={until}$"))
    expect(plot.locator("[data-day]")).to_have_count(3)
    expect(page.get_by_role("button", name="12 weeks")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("/dora/?$"))
    expect(plot.locator("[data-day]")).to_have_count(12)  # the form has lost the zoom, too
    page.get_by_text("Choose days").press("Enter")
    page.get_by_label("From").fill(f"{today - timedelta(days=7)}")
    page.get_by_label("To", exact=True).fill(f"{today}")
    page.get_by_role("button", name="Show", exact=True).press("Enter")
    expect(plot.locator("[data-day]")).to_have_count(2)
    page.get_by_role("button", name="26 weeks").click()
    expect(page).to_have_url(re.compile(r"/dora/?\?weeks=26$"))
    expect(plot.locator("[data-day]")).to_have_count(26)
