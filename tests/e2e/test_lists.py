"""A list in a real browser: rows that open, a range of rows by keyboard, filters and columns."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import create_project, sign_in_by_call
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


def test_a_list_is_filtered_selected_and_opened(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    for name in ("List One", "List Two", "List Three"):
        create_project(page, name)
    sign_in_by_call(page, *admin, path="/projects?q=list-&page=9")
    row = page.get_by_role("row", name="List Two")
    expect(row).to_be_visible()
    expect(page).to_have_url(re.compile(r"q=list-&page=1$"))

    page.get_by_role("button", name="Status filter").click()
    page.get_by_role("checkbox", name="Active").click()
    expect(page.get_by_role("button", name="Remove filter Status: Active")).to_be_visible()
    expect(page).to_have_url(re.compile("status=active"))
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Filters, 1 active").press("Enter")
    filters = page.get_by_role("dialog", name="Filters")
    filters.get_by_role("button", name="Your role").press("Enter")
    filters.get_by_role("checkbox", name="Owner").press("Space")
    expect(page.get_by_role("button", name="Remove filter Your role: Owner")).to_be_visible()
    expect(page).to_have_url(re.compile("role=owner"))
    assert page.get_by_role("search").evaluate("bar => bar.offsetHeight") == 32
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.get_by_role("region", name="Selected rows")).to_contain_text("3 projects selected")
    page.get_by_role("button", name="Clear", exact=True).click()

    page.get_by_role("button", name="Display options").click()
    page.get_by_role("checkbox", name="Owner").click()
    expect(page.get_by_role("columnheader", name="Owner")).to_be_hidden()
    page.keyboard.press("Escape")

    with page.context.expect_page() as opened:
        row.get_by_text("Active").click(modifiers=["ControlOrMeta"])
    expect(opened.value.get_by_role("heading", name="List Two", level=1)).to_be_visible()
    row.get_by_text("Active").click()
    expect(page.get_by_role("heading", name="List Two", level=1)).to_be_visible()


def test_changed_filters_are_saved_in_the_view_that_is_open(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    sign_in_by_call(page, *admin, path="/groups?q=platform")
    menu = page.get_by_role("button", name="Saved views")
    menu.press("Enter")
    page.get_by_role("textbox", name="Name of the new view").fill("Platform")
    page.get_by_role("button", name="Save view").press("Enter")
    expect(page).to_have_url(re.compile(r"q=platform&saved=\d+$"))
    page.keyboard.press("Escape")
    page.get_by_role("searchbox").fill("infra")
    expect(page).to_have_url(re.compile("q=infra"))
    menu.press("Enter")
    page.get_by_role("button", name="Save changes to Platform").press("Enter")
    expect(page.get_by_text("View Platform saved").last).to_be_visible()
    expect(menu).to_be_focused()
    menu.press("Enter")
    expect(page.get_by_role("link", name="Platform")).to_have_attribute("href", re.compile(r"q=infra&saved=\d+$"))
    expect(page.get_by_role("button", name="Save as new view")).to_be_visible()
    expect(page.get_by_role("button", name="Save changes to Platform")).to_be_hidden()


def test_a_phone_has_the_filters_in_a_sheet_and_rows_as_cards(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page(viewport={"width": 390, "height": 844})
    for name in ("Card One", "Card Two"):
        create_project(page, name)
    sign_in_by_call(page, *admin, path="/projects?q=card-")
    row = page.get_by_role("row", name="Card Two")
    expect(row).to_be_visible()

    page.get_by_role("button", name="Filters").click()
    sheet = page.get_by_role("dialog", name="Filters")
    sheet.get_by_label("Sort by").select_option("name")
    sheet.get_by_role("button", name="Status").click()
    sheet.get_by_role("checkbox", name="Active").click()
    sheet.get_by_role("button", name="Show 2 results").click()
    expect(sheet).to_have_count(0)
    expect(page).to_have_url(re.compile("sort=name.*status=active"))
    expect(page.get_by_role("button", name="Filters, 1 active")).to_be_visible()

    page.get_by_role("checkbox", name="Select all rows of this page").click()
    page.get_by_role("region", name="Selected rows").get_by_role("button", name="Actions").click()
    expect(page.get_by_role("menuitem", name="Archive")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_one_step_back_leaves_the_search_and_keeps_the_order(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    for name in ("AA One", "AA Two"):  # on the first page of the order, however many projects other tests made
        create_project(page, name)
    sign_in_by_call(page, *admin, path="/projects?status=active")
    search = page.get_by_role("searchbox")
    page.get_by_role("button", name="Project", exact=True).click()
    expect(page).to_have_url(re.compile(r"sort=name"))
    order = page.url
    search.fill("aa")
    expect(page).to_have_url(re.compile("q=aa"))
    search.press_sequentially(" two")
    expect(page).to_have_url(re.compile(r"q=aa\+two"))
    expect(page.get_by_role("row", name="AA One")).to_have_count(0)
    page.go_back()
    expect(page).to_have_url(order)
    expect(page.get_by_role("row", name="AA One")).to_be_visible()
    expect(search).to_be_focused()
    expect(search).to_have_value("")
    page.go_forward()
    expect(search).to_have_value("aa two")
