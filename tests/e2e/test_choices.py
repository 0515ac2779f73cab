"""One of many is chosen by typing, a refused form leads to the field that has to change, and dialogs stay or go."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import create, create_project, create_user, sign_in_by_call, visit, wait_until_live
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e
PHONE = {"width": 390, "height": 844}
# Notes each confirmation that is drawn, also one that is gone at once.
NOTED = """
  window.confirmations = [];
  new MutationObserver(() => {
    const shown = document.querySelector("[role=alertdialog]");
    if (shown) window.confirmations.push(shown.textContent);
  }).observe(document, { childList: true, subtree: true });
"""
# Goes to a tab and presses its button in the first frame in which it is there.
OPEN_AT_ONCE = """
  ([tab, name]) => new Promise((resolve) => {
    document.querySelector(`nav a[href*="${tab}"]`).click();
    const press = () => {
      const found = [...document.querySelectorAll("main button")].find((one) => one.textContent.trim() === name);
      if (!found) return requestAnimationFrame(press);
      found.click();
      resolve();
    };
    press();
  })
"""


def refused(field: Locator, error: str) -> None:
    """The field has the focus, and its error tied to it."""
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(error))


def test_a_project_is_found_by_typing(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    for slug in ("twin-of-berlin", "twin-of-bern"):
        create(page, "projects", name="Zwilling Müller", slug=slug, description="One of two.", team_members=[])
    sign_in_by_call(page, *admin, path="/status")
    page.get_by_role("button", name="Plan maintenance").click()
    dialog = page.get_by_role("dialog", name="Plan maintenance")
    box, lines = dialog.get_by_role("combobox", name="Project"), dialog.get_by_role("listbox", name="Project")
    expect(box).to_have_value("The console")
    box.press("ArrowDown")
    expect(lines.get_by_role("option", name="The console")).to_have_attribute("aria-selected", "true")
    box.fill("muller zwilling")
    expect(lines.get_by_role("option")).to_have_text([re.compile("twin-of-berlin"), re.compile("twin-of-bern")])
    box.press("ArrowDown")
    expect(lines.get_by_role("option").nth(1)).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == lines.get_by_role("option").nth(1).get_attribute("id")
    box.press("Enter")
    expect(lines).to_be_hidden()
    expect(box).to_have_value(re.compile("twin-of-bern"))
    box.fill("nowhere")
    expect(lines.get_by_role("option")).to_have_text("No matches.")
    box.press("Enter")  # takes nothing
    expect(lines).to_be_visible()
    box.press("Escape")
    expect(lines).to_be_hidden()
    expect(box).to_have_value(re.compile("twin-of-bern"))
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(dialog).to_be_visible()
    box.press("Escape")  # of the dialog, which asks about what is chosen
    page.get_by_role("alertdialog", name="Discard changes?").get_by_role("button", name="Discard").click()
    expect(dialog).to_be_hidden()


def test_a_finger_chooses_too_and_a_draft_has_it(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page(viewport=PHONE, has_touch=True, is_mobile=True)
    name = "Touched Project"
    create_project(page, name)
    sign_in_by_call(page, *admin, path="/status")
    page.get_by_role("button", name="New incident").tap()
    dialog = page.get_by_role("dialog", name="New incident")
    box = dialog.get_by_role("combobox", name="Project")
    box.tap()
    box.fill("touched")
    dialog.get_by_role("option", name=name).tap()
    expect(box).to_have_value(name)
    expect(dialog.get_by_role("listbox", name="Project")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.on("dialog", lambda asked: asked.accept())
    page.reload()
    expect(dialog.get_by_text("Unsaved changes")).to_be_visible()
    expect(box).to_have_value(name)


def test_a_refused_form_leads_to_its_first_faulty_field(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    person = create_user(page, "choiceowner", "Choice Owner")
    project = create_project(page, "Refused Project")
    sign_in_by_call(page, *admin, path=f"{project}?tab=settings")
    page.get_by_role("main").get_by_role("button", name="Transfer").click()
    dialog = page.get_by_role("alertdialog")
    search = dialog.get_by_role("combobox", name="New owner")
    for _ in range(2):  # the same refusal leads there again
        dialog.get_by_role("button", name="Transfer").click()
        refused(search, "Search for a user and choose one")
    search.fill("choiceowner")
    expect(dialog.get_by_role("option")).to_have_count(1)
    search.press("Escape")
    expect(dialog.get_by_role("option")).to_be_hidden()
    expect(dialog).to_be_visible()
    search.press("Escape")
    expect(dialog).to_be_hidden()

    visit(page, f"/users/{person}")
    page.get_by_role("button", name=re.compile("Actions|More")).first.click()
    page.get_by_role("menuitem", name="Act as this user").click()
    dialog.get_by_role("button", name="Act as this user").click()
    refused(dialog.get_by_label("Reason"), "Required")


def test_a_dialog_that_is_opened_at_once_stays(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    sign_in_by_call(page, *admin, path="/settings")
    page.evaluate(OPEN_AT_ONCE, ["tab=tokens", "New token"])
    dialog = page.get_by_role("dialog", name="New API token")
    dialog.get_by_label("Name").fill("Typed at once")
    expect(page).to_have_url(re.compile("tab=tokens"))
    wait_until_live_below(page)
    expect(dialog.get_by_label("Name")).to_have_value("Typed at once")


def wait_until_live_below(page: Page) -> None:
    """Like `wait_until_live`, while a dialog hides the page from assistive technology but not from the eye."""
    expect(page.locator(".progress[data-busy=false] ~ .shell[data-viewer]")).to_be_visible()


def test_a_confirmation_is_not_drawn_after_a_reload(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page(kept=False)
    sign_in_by_call(page, *admin)
    create(page, "groups", name="Reloaded Group", description="")
    visit(page, "/groups?q=Reloaded")
    page.get_by_role("row", name=re.compile("Reloaded Group")).get_by_role("button", name=re.compile("Actions")).click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("alertdialog", name=re.compile("Reloaded Group"))).to_be_visible()
    page.add_init_script(NOTED)
    page.reload()
    wait_until_live(page)
    expect(page.get_by_role("row", name=re.compile("Reloaded Group"))).to_be_visible()
    assert page.evaluate("window.confirmations") == []
