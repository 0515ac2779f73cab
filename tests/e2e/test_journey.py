"""A team uses the console in real browsers, from set-up to sign-out."""

import re
from collections.abc import Callable
from time import monotonic

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.e2e.conftest import PASSWORD, Console, create_user, sign_in, sign_in_by_call, visit

pytestmark = pytest.mark.e2e
NewPage = Callable[..., Page]
SIGN_IN_FORM = "form[data-post='/api/auth/session'][data-connected=true]"


def fill_in_user(page: Page, username: str, full_name: str) -> None:
    visit(page, "/users")
    page.get_by_role("button", name="New user").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Email").fill(f"{username}@example.com")
    dialog.get_by_label("Username").fill(username)
    dialog.get_by_label("Full name").fill(full_name)
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_label("Must change it at the next sign-in").uncheck()
    dialog.get_by_role("button", name="Create").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("tbody").get_by_text(username, exact=True)).to_be_visible()


def fill_in_project(page: Page, name: str, member: str = "") -> None:
    visit(page, "/projects")
    page.get_by_role("button", name="New project").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_label("Description").fill(f"What {name} does.")
    if member:
        dialog.get_by_placeholder("Search by name").fill(member)
        dialog.get_by_role("option", name=re.compile(member)).click()
    dialog.get_by_role("button", name="Create").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("tbody").get_by_text(name, exact=True)).to_be_visible()


def test_a_team_from_the_first_user_to_the_last_sign_out(
    new_page: NewPage, admin: tuple[str, str], console: Console
) -> None:
    """Set up, create a user, a project with them, see only theirs, and be out when deactivated."""
    boss = new_page()
    sign_in(boss, *admin)
    expect(boss.get_by_role("heading", level=1)).to_contain_text("Ada")
    fill_in_user(boss, "milan", "Milan Kovac")
    fill_in_project(boss, "Payments", member="Milan")
    fill_in_project(boss, "Secret plans")

    member = new_page()
    sign_in(member, "MILAN@example.com", path="/projects")
    rows = member.locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Payments")
    expect(member.get_by_role("link", name="Users")).to_have_count(0)
    member.goto("/users")
    expect(member.get_by_role("heading", level=1)).to_have_text("You do not have permission")
    expect(member).to_have_title(re.compile("You do not have permission · "))
    visit(boss, "/projects")
    boss.locator("tbody").get_by_text("Secret plans").click()
    boss.wait_for_url(re.compile(r"/projects/\d+"))
    visit(member, boss.url.partition(console.url)[2])
    expect(member.get_by_role("heading", level=1)).not_to_contain_text("Secret plans")
    expect(member.get_by_text("Secret plans")).to_have_count(0)
    visit(member, "/projects")
    expect(member.locator("tbody tr")).to_have_count(1)

    visit(boss, "/users?q=milan")
    boss.get_by_role("button", name="Actions for milan").click()
    boss.get_by_role("menuitem", name="Deactivate").click()
    boss.get_by_role("dialog").or_(boss.get_by_role("alertdialog")).get_by_role("button", name="Deactivate").click()
    cut_at = monotonic()
    member.wait_for_url("**/login**", timeout=5000)
    assert monotonic() - cut_at < 5
    expect(member.get_by_text("Payments")).to_have_count(0)
    member.get_by_label("Username or email").fill("milan")
    member.get_by_label("Password", exact=True).fill(PASSWORD)
    member.get_by_role("button", name="Sign in").click()
    expect(member.get_by_text("Incorrect username or password.")).to_be_visible()


def test_the_set_up_page_is_closed_once_there_is_an_admin(
    new_page: NewPage, admin: tuple[str, str], console: Console
) -> None:
    page = new_page()
    page.goto(console.setup_link)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_label("Email")).to_have_count(0)


def test_signing_in_leads_to_the_page_that_was_asked_for(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    answer = page.goto("/users?q=ada")
    assert answer is not None
    assert answer.request.redirected_from is not None, "the page itself was shown to somebody who is not signed in"
    expect(page).to_have_url(re.compile(r"/login\?next="))
    expect(page.locator(SIGN_IN_FORM)).to_be_visible()
    page.evaluate("window.stillHere = true")
    page.get_by_label("Username or email").fill(admin[0])
    page.get_by_label("Password", exact=True).fill(admin[1])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"/users/?\?q=ada"))
    expect(page.get_by_role("searchbox", name="Search users")).to_have_value("ada")
    assert page.evaluate("window.stillHere"), "the page was loaded anew"


def test_before_the_viewer_is_known_a_page_shows_nothing_that_needs_a_permission(
    new_page: NewPage, admin: tuple[str, str]
) -> None:
    page = new_page(java_script_enabled=False)
    assert page.request.post("/api/auth/session", data={"username": admin[0], "password": admin[1]}).ok
    page.goto("/users")
    expect(page.get_by_role("heading", name="Users", level=1)).to_be_visible()
    for label in ("New user", "Invite", "Import CSV"):
        expect(page.get_by_role("button", name=label, exact=True)).to_have_count(0)
    page.goto("/dashboard")
    expect(page.get_by_role("heading", name="Deployments by day")).to_be_visible()
    expect(page.get_by_text("newest projects")).to_have_count(0)


ELSEWHERE = ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/%2561pi/auth/verify"]


def test_signing_in_never_leads_elsewhere(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    for target in ELSEWHERE:
        page.context.clear_cookies()
        page.goto(f"/login?next={target}")
        page.get_by_label("Username or email").fill(admin[0])
        page.get_by_label("Password", exact=True).fill(admin[1])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/dashboard**")


def test_no_secret_reaches_the_page_or_a_frame(new_page: NewPage, admin: tuple[str, str]) -> None:
    """The cookie is the only credential, and no script can read it."""
    page = new_page(kept=False)
    frames: list[str] = []

    def listen(socket: WebSocket) -> None:
        for name in ("framesent", "framereceived"):
            socket.on(
                name, lambda data: frames.append(data if isinstance(data, str) else data.decode("utf-8", "replace"))
            )

    page.on("websocket", listen)
    sign_in_by_call(page, *admin)
    sid = next(cookie for cookie in page.context.cookies() if cookie["name"] == "sid")
    assert sid["httpOnly"]
    assert sid["sameSite"] == "Lax"
    seen = "\n".join(frames)
    stored = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])")
    assert frames
    for secret in (PASSWORD, sid["value"], "argon2"):
        assert secret not in seen
        assert secret not in stored
        assert secret not in page.content()


def test_signing_out_in_one_tab_signs_out_the_others(new_page: NewPage, admin: tuple[str, str]) -> None:
    first = new_page()
    sign_in_by_call(first, *admin)
    second = first.context.new_page()
    visit(second, "/users")
    first.get_by_role("button", name="Account", exact=True).click()
    first.get_by_role("menuitem", name="Sign out").click()
    first.wait_for_url("**/login**")
    second.wait_for_url("**/login**", timeout=6000)


def test_a_double_click_creates_one(new_page: NewPage, admin: tuple[str, str]) -> None:
    """A double click has one effect."""
    page = new_page()
    sign_in_by_call(page, *admin, path="/projects")
    page.get_by_role("button", name="New project").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Twice clicked")
    dialog.get_by_role("button", name="Create").dblclick()
    expect(dialog).to_be_hidden()
    visit(page, "/projects?q=twice")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_stale_edit_is_neither_lost_nor_forced(new_page: NewPage, admin: tuple[str, str]) -> None:
    """An admin edits one user in two tabs; the second sees what changed, and that it was not another person."""
    first, second = new_page(), new_page()
    create_user(first, "stale1", "Old Name")
    dialogs = []
    for page in (first, second):
        sign_in_by_call(page, *admin, path="/users?q=stale1")
        page.get_by_role("button", name="Actions for stale1").click()
        page.get_by_role("menuitem", name="Edit").click()
        dialogs.append(page.get_by_role("dialog"))
    dialogs[0].get_by_label("Full name").fill("First Name")
    dialogs[0].get_by_role("button", name="Save").click()
    expect(dialogs[0]).to_be_hidden()
    dialogs[1].get_by_label("Full name").fill("Second Name")
    dialogs[1].get_by_role("button", name="Save").click()
    expect(dialogs[1]).to_contain_text("First Name")
    expect(dialogs[1]).to_contain_text("Second Name")
    expect(dialogs[1]).to_contain_text("You saved this in another tab.")


def test_the_list_survives_back_reload_and_a_shared_link(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    create_user(page, "urlperson", "Url Person")
    sign_in_by_call(page, *admin, path="/users")
    page.get_by_role("searchbox", name="Search users").fill("URLPERSON")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.wait_for_url(re.compile("q=URLPERSON"))
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody").get_by_text("Url Person").click()
    page.wait_for_url(re.compile(r"/users/\d+"))
    page.go_back()
    expect(page.get_by_role("searchbox", name="Search users")).to_have_value("URLPERSON")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_deleted_user_comes_back_with_undo(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    create_user(page, "undone1", "Un Done")
    sign_in_by_call(page, *admin, path="/users?q=undone1")
    page.get_by_role("button", name="Actions for undone1").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").or_(page.get_by_role("alertdialog")).get_by_role("button", name="Delete").click()
    expect(page.locator("tbody").get_by_text("Un Done")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("tbody").get_by_text("Un Done")).to_be_visible()


def test_an_unknown_page_is_a_404_with_a_way_back(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    sign_in_by_call(page, *admin)
    answer = page.goto("/no/such/page")
    assert answer is not None
    assert answer.status == 404
    page.get_by_role("link", name=re.compile("dashboard", re.IGNORECASE)).last.click()
    page.wait_for_url("**/dashboard**")


def test_signing_in_on_a_slow_machine_does_not_load_the_page_anew(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page(kept=False)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 20})
    page.goto("/login?next=/users")
    expect(page.locator(SIGN_IN_FORM)).to_be_visible()
    page.evaluate("window.stillHere = true")
    page.get_by_label("Username or email").fill(admin[0])
    page.get_by_label("Password", exact=True).fill(admin[1])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Users", level=1)).to_be_visible()
    assert page.evaluate("window.stillHere")


def test_a_refused_save_leads_to_the_field(new_page: NewPage, admin: tuple[str, str]) -> None:
    page = new_page()
    sign_in_by_call(page, *admin, path="/users")
    page.get_by_role("button", name="New user").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Email").fill("somebody@example.com")
    dialog.get_by_label("Username").fill(admin[0])
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_text("This username is taken.")).to_be_visible()
    expect(dialog.get_by_label("Username")).to_be_focused()
