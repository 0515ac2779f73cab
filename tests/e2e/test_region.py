"""The time zone of a person and the zoom of a chart, in a browser."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import create_administrator, create_project, sign_in_by_call, visit
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


def test_dragging_over_days_zooms_and_esc_zooms_out(new_page: NewPage, admin: tuple[str, str]) -> None:
    page, today = new_page(), datetime.now(UTC).date()
    path = create_project(page, "Zoomed Project")
    days = [(today - timedelta(days=back)).isoformat() for back in range(10, 0, -1)]
    sign_in_by_call(page, *admin, path=f"{path}?from={days[0]}&to={days[-1]}")
    plot = page.locator(".day-bars .plot")
    expect(plot.locator("[data-day]")).to_have_count(10)
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.25, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.65, middle, steps=3)
    page.mouse.up()
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
