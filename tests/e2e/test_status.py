"""The status page in a real browser: probed on schedule, with text for every chart."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import create, create_project, sign_in_by_call
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e
ROUND_MS = 90_000  # the first round comes within a minute of the start


def test_the_clock_fills_the_page_that_is_open(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page(viewport={"width": 390, "height": 844})
    sign_in_by_call(page, *admin, path="/status")
    expect(page.get_by_role("heading", name="Status", level=1)).to_be_visible()
    database = page.get_by_role("listitem").filter(has=page.get_by_text("PostgreSQL", exact=True))
    expect(database.get_by_text("Operational")).to_be_visible(timeout=ROUND_MS)
    hours = database.get_by_role("slider", name="Hours of PostgreSQL")
    expect(hours).to_have_attribute("aria-valuetext", re.compile("The last 24 hours: 100% of the checks passed"))
    expect(database.get_by_role("img", name=re.compile("Latency of the last 24 hours: now .* ms"))).to_be_visible()
    latency = database.get_by_role("slider", name="Latency of PostgreSQL")
    latency.press("End")
    expect(latency).to_have_attribute("aria-valuetext", re.compile(r": [\d,.]+ ms$"))
    latency.locator("svg").hover(position={"x": 1, "y": 12})
    expect(latency.locator(".tip")).to_have_text(re.compile(": not checked$"))
    figures = database.get_by_role("button", name="Figures of PostgreSQL as a table")
    figures.press("Enter")
    expect(database.get_by_role("table")).to_have_count(2)
    expect(database.get_by_role("row").last).to_have_text(re.compile("100%$"))
    figures.press("Enter")
    expect(database.get_by_role("table")).to_have_count(0)
    days, today = database.get_by_role("slider", name="Days of PostgreSQL"), f"{datetime.now(UTC).date()}"
    days.press("End")
    expect(days).to_have_attribute("aria-valuetext", re.compile(": 100%$"))
    days.press("Enter")
    expect(page).to_have_url(re.compile(rf"/status/?\?from={today}&to={today}$"))
    expect(hours).to_have_attribute("aria-valuetext", re.compile("Hours of .*: 100% of the checks passed"))
    hours.press("Home")
    expect(hours.locator(".tip")).to_have_text(re.compile(" UTC: "))
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("/status/?$"))
    page.get_by_text("How the score is calculated").click()
    expect(page.get_by_text("Score = ")).to_be_visible()
    # Other tests of this console may have opened incidents.
    expect(page.get_by_role("heading", name=re.compile("^(No i|I)ncidents$")).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_is_chosen_in_the_form_is_there_for_a_stranger(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    sign_in_by_call(page, *admin, path="/status")
    page.get_by_role("button", name="Settings of Streams").click(timeout=ROUND_MS)
    form = page.get_by_role("dialog", name="Check settings of Streams")
    form.get_by_label("Interval").fill("30")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_text("This is at least 60.")).to_be_visible()
    form.get_by_label("Interval").fill("60")
    form.get_by_label("On the public page").check()
    form.get_by_role("button", name="Save").click()
    expect(form).to_be_hidden()
    expect(page.get_by_role("listitem").filter(has_text="Streams").get_by_text("Public", exact=True)).to_be_visible()
    stranger = new_page(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    stranger.goto("/status/public")
    expect(stranger.get_by_role("heading", level=3)).to_have_text(["Streams"])
    expect(stranger.get_by_role("img", name=re.compile("The last 90 days"))).to_be_visible()
    stranger.get_by_label("Email address").fill("reader@example.com")
    stranger.get_by_role("button", name="Subscribe").click()
    expect(stranger.get_by_role("heading", name="Check your mail")).to_be_visible()
    stranger.get_by_role("link", name="Deutsch").click()
    expect(stranger.get_by_role("heading", name="Komponenten", exact=True)).to_be_visible()
    stranger.get_by_label("E-Mail-Adresse").fill("leser@example.com")
    stranger.get_by_role("button", name="Abonnieren").click()
    expect(stranger.get_by_role("heading", name="Prüfen Sie Ihren Posteingang")).to_be_visible()


def test_the_card_of_the_dashboard_leads_to_the_score_that_it_shows(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    sign_in_by_call(page, *admin, path="/status")
    expect(page.get_by_role("listitem").filter(has_text="PostgreSQL")).to_be_visible(timeout=ROUND_MS)
    create_project(page, "Scored Project")
    page.goto("/dashboard?days=7")
    is_shown = expect(page.get_by_role("link", name="7 days", exact=True))
    is_shown.to_have_attribute("aria-current", "true")  # until then the cards are of the period before
    page.get_by_role("link", name=re.compile("System health")).click()
    for _ in range(2):
        expect(page).to_have_url(re.compile(r"/status\?days=7$"))
        score = page.get_by_role("heading", name="Score, 7 days").locator("..")
        expect(score.get_by_text(re.compile(r"^[0-9.]+%$"))).to_be_visible()
        expect(page.get_by_role("link", name="7 days", exact=True)).to_have_attribute("aria-current", "true")
        page.reload()
    page.get_by_role("link", name="30 days").click()
    expect(page.get_by_role("heading", name="Score, 30 days")).to_be_visible()
    expect(
        page.get_by_text("vs. previous 30 days").or_(page.get_by_text("No data for the previous 30"))
    ).to_be_visible()


def test_an_incident_by_hand_is_opened_acknowledged_and_resolved(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page(viewport={"width": 390, "height": 844})
    sign_in_by_call(page, *admin, path="/status")
    expect(page.get_by_role("listitem").filter(has_text="PostgreSQL")).to_be_visible(timeout=ROUND_MS)
    page.get_by_role("button", name="New incident").click()
    form = page.get_by_role("dialog", name="New incident")
    form.get_by_label("Title").fill("Checkout is slow")
    form.get_by_label("Severity").select_option("critical")
    form.get_by_label("First update").fill("We are looking into it.")
    form.get_by_role("group", name="Affected components").get_by_label("Redis").check()
    form.get_by_role("button", name="Open incident").click()
    expect(page.get_by_role("heading", name="Checkout is slow", level=1)).to_be_visible()
    expect(page.get_by_text("Redis", exact=True)).to_be_visible()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text(re.compile("Acknowledged by "))).to_be_visible()
    page.get_by_role("button", name="Post update").click()
    form = page.get_by_role("dialog", name="Update of Checkout is slow")
    form.get_by_label("Status").select_option("resolved")
    form.get_by_label("Message").fill("Fast again.")
    form.get_by_role("button", name="Post", exact=True).click()
    expect(page.get_by_role("button", name="Add note")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_list_of_incidents_is_filtered_and_opened_by_keyboard(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    sign_in_by_call(page, *admin, path="/status")
    for title, severity in (("Search is slow", "critical"), ("Footer is grey", "minor")):
        create(page, "incidents", title=title, severity=severity, message="We are looking into it.")
    expect(page.get_by_text(re.compile("^[0-9]+ open incidents?$"))).to_be_visible()
    page.get_by_role("link", name="Incidents", exact=True).click()
    page.get_by_role("button", name="Severity filter").click()
    page.get_by_role("checkbox", name="Critical").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("row", name="Footer is grey")).to_have_count(0)
    opened = page.get_by_role("columnheader", name="Opened")
    for order in ("ascending", "descending"):
        opened.get_by_role("button").click()
        expect(opened).to_have_attribute("aria-sort", order)
    row = page.get_by_role("row", name="Search is slow")
    row.get_by_role("button", name="Actions for Search is slow").click()
    page.get_by_role("menuitem", name="Acknowledge").click()
    expect(row.get_by_text("Not acknowledged")).to_have_count(0)
    row.press("Enter")
    expect(page.get_by_role("heading", name="Search is slow", level=1)).to_be_visible()
