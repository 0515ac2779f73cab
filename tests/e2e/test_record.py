"""A page shows and changes the record of its URL, however late the server responds."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Console, create_project, create_user, sign_in_by_call, visit
from tests.e2e.pages import Pages

pytestmark = pytest.mark.e2e

# Each frame of the server reaches the page `window.frameDelay` ms after it arrived.
SLOW_FRAMES = """
window.frameDelay = 0;
window.WebSocket = class extends WebSocket {
  set onmessage(take) { super.onmessage = (event) => setTimeout(() => take.call(this, event), window.frameDelay); }
};
"""
# In every drawn frame: where the tab is, the heading, and each text that names a record.
WATCH = """
() => {
  window.drawn = [];
  const look = () => {
    const parts = ["h1", "[aria-label=Breadcrumb]", "main", "[role=dialog]"];
    const texts = parts.map((part) => document.querySelector(part)?.textContent || "");
    window.drawn.push([location.pathname, texts[0], [document.title, ...texts].join(" | ")]);
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""
FRAME_DELAY_MS = 600
NEVER_MS = 10_000_000


SlowPage = Callable[[str], Page]


@pytest.fixture(scope="module")
def slow_pages(browser: Browser, console: Console) -> Pages:
    return Pages(browser, console.url, SLOW_FRAMES)


@pytest.fixture
def slow_page(slow_pages: Pages, admin: tuple[str, str], records: None) -> Iterator[SlowPage]:
    """Opens a path as the administrator, in a page that frames may reach late."""
    with slow_pages.lent() as open_one:

        def open_at(path: str) -> Page:
            page = open_one()
            sign_in_by_call(page, *admin, path=path)
            return page

        yield open_at


def path_of(page: Page, name: str) -> str:
    """Where the row of that name leads."""
    href = page.locator("tbody a", has_text=name).first.get_attribute("href")
    assert href
    return href.rstrip("/")


def assert_never_drawn(page: Page, text: str, path: str) -> None:
    """`text` was in no frame that the browser drew of the page at `path`; the list stays until that page begins."""
    frames = page.evaluate("window.drawn")
    there = [shown for at, heading, shown in frames if at.rstrip("/") == path and heading not in ("Projects", "Users")]
    assert there, f"no frame was drawn at {path}"
    assert [shown for shown in there if text in shown] == []


@pytest.fixture(scope="module")
def records(browser: Browser, console: Console, admin: tuple[str, str]) -> None:
    """Two projects and two people, to go from one to the other."""
    page = browser.new_context(base_url=console.url).new_page()
    create_project(page, "Uxalpha")
    create_project(page, "Uxbeta")
    create_user(page, "uxone", "Uxone Person")
    create_user(page, "uxtwo", "Uxtwo Person")
    page.context.close()


def test_a_project_never_stands_under_the_address_of_another_one(slow_page: SlowPage) -> None:
    page = slow_page("/projects?q=Ux")
    second = path_of(page, "Uxbeta")
    page.get_by_role("link", name="Uxalpha", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_accessible_name("Uxalpha")
    expect(page.get_by_text("What Uxalpha does.")).to_be_visible()
    page.get_by_role("link", name="Projects", exact=True).first.click()
    expect(page.get_by_role("link", name="Uxbeta", exact=True)).to_be_visible()
    page.evaluate(WATCH)
    page.evaluate(f"window.frameDelay = {FRAME_DELAY_MS}")
    page.get_by_role("link", name="Uxbeta", exact=True).click()
    page.wait_for_url(f"**{second}*")
    expect(page.get_by_role("heading", level=1)).to_have_accessible_name("Uxbeta")
    expect(page.get_by_text("What Uxbeta does.")).to_be_visible()
    expect(page).to_have_title(re.compile(r"^(\(\d+\+?\) )?Uxbeta"))
    assert_never_drawn(page, "Uxalpha", second)


def test_edit_pressed_at_once_edits_the_project_of_the_address(slow_page: SlowPage) -> None:
    page = slow_page("/projects?q=Ux")
    page.get_by_role("link", name="Uxalpha", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_accessible_name("Uxalpha")
    page.get_by_role("link", name="Projects", exact=True).first.click()
    expect(page.get_by_role("link", name="Uxbeta", exact=True)).to_be_visible()
    page.evaluate(f"window.frameDelay = {FRAME_DELAY_MS}")
    page.get_by_role("link", name="Uxbeta", exact=True).click()
    page.wait_for_url(re.compile(r"/projects/\d+"))
    page.get_by_role("button", name="Edit", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Edit Uxbeta")).to_be_visible()
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("Uxbeta")


def test_a_dialog_is_gone_when_the_page_moved_on_before_it_opened(slow_page: SlowPage) -> None:
    page = slow_page("/projects?q=Ux")
    page.get_by_role("link", name="Uxbeta", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_accessible_name("Uxbeta")
    page.go_back()
    page.get_by_role("link", name="Uxalpha", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_accessible_name("Uxalpha")
    page.evaluate(f"window.frameDelay = {FRAME_DELAY_MS}")
    page.get_by_role("button", name="Edit", exact=True).click()
    page.evaluate(WATCH)
    page.go_back()
    page.get_by_role("link", name="Uxbeta", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_accessible_name("Uxbeta")
    expect(page.get_by_text("What Uxbeta does.")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert not [shown for *_, shown in page.evaluate("window.drawn") if "Edit Uxalpha" in shown]


def test_a_person_never_stands_under_the_address_of_another_one(slow_page: SlowPage) -> None:
    page = slow_page("/users?q=ux")
    second = path_of(page, "Uxtwo Person")
    page.get_by_role("link", name="Uxone Person", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_accessible_name("Uxone Person")
    expect(page.get_by_role("link", name="uxone@example.com")).to_be_visible()
    page.get_by_role("link", name="Users", exact=True).first.click()
    expect(page.get_by_role("link", name="Uxtwo Person", exact=True)).to_be_visible()
    page.evaluate(WATCH)
    page.evaluate(f"window.frameDelay = {FRAME_DELAY_MS}")
    page.get_by_role("link", name="Uxtwo Person", exact=True).click()
    page.wait_for_url(f"**{second}*")
    expect(page.get_by_role("heading", level=1)).to_have_accessible_name("Uxtwo Person")
    expect(page.get_by_role("link", name="uxtwo@example.com")).to_be_visible()
    assert_never_drawn(page, "Uxone", second)
    assert_never_drawn(page, "uxone@", second)


def test_enter_in_the_palette_opens_what_the_typed_text_finds(slow_page: SlowPage) -> None:
    page = slow_page("/users")
    for key_delay_ms in (0, 20, 40):
        if key_delay_ms:
            visit(page, "/users")
        page.evaluate(f"window.frameDelay = {FRAME_DELAY_MS}")
        page.keyboard.press("Control+k")
        expect(page.get_by_label("Type a command or search")).to_be_focused()
        page.keyboard.type("uxbeta", delay=key_delay_ms)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/projects/\d+"))
        expect(page.get_by_role("heading", level=1)).to_have_accessible_name("Uxbeta")


def test_nothing_of_the_project_before_stays_while_the_server_says_nothing(slow_page: SlowPage) -> None:
    page = slow_page("/projects?q=Ux")
    page.get_by_role("link", name="Uxalpha", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_accessible_name("Uxalpha")
    page.keyboard.press("Control+k")
    page.get_by_label("Type a command or search").fill("uxbeta")
    line = page.get_by_role("option", name="Uxbeta")
    expect(line).to_be_visible()
    page.evaluate(f"window.frameDelay = {NEVER_MS}")
    line.click()
    expect(page.get_by_role("heading", level=1)).to_have_accessible_name("Project")
    expect(page.get_by_role("button", name="Edit", exact=True)).to_have_count(0)
    expect(page.get_by_text("Uxalpha")).to_have_count(0)
    expect(page).to_have_title(re.compile(r"^(\(\d+\+?\) )?Project"))


def test_arrow_keys_choose_a_line_of_the_palette_and_typing_goes_on(slow_page: SlowPage) -> None:
    page = slow_page("/users")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Type a command or search")
    box.fill("ux")
    lines = page.get_by_role("option")
    expect(lines).to_have_count(4)
    expect(lines.nth(0)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(lines.nth(1)).to_have_attribute("aria-selected", "true")
    expect(lines.nth(0)).to_have_attribute("aria-selected", "false")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(lines.nth(3)).to_have_attribute("aria-selected", "true")
    expect(box).to_be_focused()
    chosen = lines.nth(3).get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{chosen}*")
    expect(box).to_have_count(0)


def test_a_palette_that_was_closed_opens_nothing_any_more(slow_page: SlowPage) -> None:
    page = slow_page("/users")
    page.keyboard.press("Control+k")
    page.evaluate(f"window.frameDelay = {FRAME_DELAY_MS}")
    page.keyboard.type("uxbeta")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.evaluate("window.frameDelay = 0")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="Dashboard")).to_be_visible()
    assert page.url.rstrip("/").endswith("/users")


def test_enter_in_the_picker_takes_who_was_found_for_the_typed_name(slow_page: SlowPage) -> None:
    page = slow_page("/projects")
    page.get_by_role("button", name="New project").first.click()
    dialog = page.get_by_role("dialog")
    box = dialog.get_by_placeholder("Search by name")
    box.press_sequentially("ux")
    expect(dialog.get_by_role("option")).to_have_count(2)
    page.evaluate(f"window.frameDelay = {FRAME_DELAY_MS}")
    box.press_sequentially("two")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Remove Uxtwo Person")).to_be_visible()
    expect(dialog.get_by_role("button", name="Remove Uxone Person")).to_have_count(0)


def test_two_projects_of_one_name_are_distinguished(slow_page: SlowPage) -> None:
    page = slow_page("/projects")
    page.get_by_role("button", name="New project").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("uxALPHA")
    expect(dialog.get_by_text("Another project has this name: uxalpha, owned by Ada Admin.")).to_be_visible()
    dialog.get_by_role("button", name="Create").click()
    expect(dialog).to_be_hidden()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Type a command or search").fill("uxalpha")
    expect(page.get_by_role("option").get_by_text("uxalpha", exact=True)).to_be_visible()
    expect(page.get_by_role("option").get_by_text("uxalpha-2", exact=True)).to_be_visible()
