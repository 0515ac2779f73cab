"""The console in German: the language of the browser, a name that is no markup, and the way back to English."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tca_app.tca_app import PAGES
from tests.e2e.conftest import create_administrator, create_project, sign_in_by_call, visit
from tests.factories import PASSWORD

pytestmark = pytest.mark.e2e

# The labels of cards on a phone for which the page has a translation.
ENGLISH_LABELS = r"""() => [...document.querySelectorAll("table")]
  .flatMap((table) => [...(table.getAttribute("style") ?? "").matchAll(/--c\d+:\s*"([^"]*)"/g)])
  .map((found) => found[1])
  .filter((label) => (messages.texts[label] ?? label) !== label)"""


def test_a_german_browser_shows_german_until_the_person_chooses_english(
    new_page: Callable[..., Page], admin: tuple[str, str]
) -> None:
    page = new_page(locale="de-DE")
    create_administrator(page, "gerda", "Gerda")  # who has not chosen yet, whatever other tests do
    page.goto("/login")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.get_by_label("Benutzername oder E-Mail").fill("gerda")
    page.get_by_label("Passwort", exact=True).fill("not this one")
    page.get_by_role("button", name="Anmelden", exact=True).click()
    expect(page.get_by_text("Benutzername oder Passwort falsch.")).to_be_visible()
    page.get_by_label("Passwort", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Anmelden", exact=True).click()
    page.wait_for_url("**/dashboard**")
    expect(page.get_by_role("navigation", name="Hauptnavigation").get_by_role("link", name="Projekte")).to_be_visible()

    name = "<img src=x onerror=alert(1)> {name}"
    visit(page, create_project(page, name))
    expect(page.get_by_role("navigation", name="Abschnitte").get_by_role("link", name="Mitglieder")).to_be_visible()
    page.goto("/activity")
    expect(page.get_by_text(f"hat {name} angelegt").first).to_be_visible()
    assert page.locator("main img[src=x]").count() == 0

    visit(page, "/settings?tab=appearance")
    page.get_by_role("group", name="Sprache").first.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", name="Appearance")).to_be_visible()
    page.goto("/dashboard")
    expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Projects")).to_be_visible()


def test_the_html_of_each_page_is_what_the_browser_draws_in_german(
    new_page: Callable[..., Page], admin: tuple[str, str]
) -> None:
    page = new_page(locale="de-DE")  # which fails on an error of a page, such as HTML that React had to draw anew
    create_administrator(page, "greta", "Greta")
    sign_in_by_call(page, "greta")
    for path in (entry.route for entry in PAGES if not entry.is_public and "[" not in entry.route):
        visit(page, path)
        expect(page.locator("html")).to_have_attribute("lang", "de")
        assert page.evaluate(ENGLISH_LABELS) == [], path
