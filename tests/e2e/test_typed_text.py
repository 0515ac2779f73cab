"""Typed text survives an outage of PostgreSQL, a restart, the end of a session; only a confirmed discard deletes it."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tca_app.frontend.build import STAMP, WEB
from tests.e2e.conftest import sign_in, visit, wait_until_live
from tests.factories import PASSWORD
from tests.processes import ADMIN, Cluster, Web, cluster, sign_in as bearer

pytestmark = pytest.mark.e2e
NewPage = Callable[[], Page]
RESTORED = re.compile(r"Unsaved changes from .* were restored\.")


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("typed")) as running:
        yield running


@pytest.fixture(scope="module")
def web(stores: Cluster) -> Web:
    return stores.web()


@pytest.fixture
def new_page(browser: Browser, web: Web) -> Iterator[NewPage]:
    """A browser of its own, in which the administrator is signed in."""
    with ExitStack() as ending:

        def open_one() -> Page:
            context = browser.new_context(base_url=f"http://localhost:{web.settings['PORT']}")
            ending.callback(context.close)
            context.set_default_timeout(15_000)
            page = context.new_page()
            sign_in(page, ADMIN, PASSWORD, "/login?next=/projects")
            return page

        yield open_one


@contextmanager
def no_database(stores: Cluster) -> Iterator[None]:
    """PostgreSQL lets nobody in."""
    stores.admin_sql(f"ALTER DATABASE {stores.database} ALLOW_CONNECTIONS false")
    stores.admin_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", stores.database)
    try:
        yield
    finally:
        stores.admin_sql(f"ALTER DATABASE {stores.database} ALLOW_CONNECTIONS true")


def start_project(page: Page, name: str) -> Locator:
    """The dialog, half filled."""
    page.get_by_role("button", name="New project").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_label("Description").fill(f"What {name} is for.")
    return dialog


def is_restored(dialog: Locator, name: str) -> None:
    expect(dialog.get_by_text(RESTORED)).to_be_visible()
    expect(dialog.get_by_label("Name", exact=True)).to_have_value(name)
    expect(dialog.get_by_label("Description")).to_have_value(f"What {name} is for.")


def saved_projects(stores: Cluster, name: str) -> list[tuple[str, ...]]:
    return stores.sql("SELECT description FROM projects WHERE name = %s", name)


def test_a_dialog_is_open_again_after_an_outage_and_saves_what_was_typed(new_page: NewPage, stores: Cluster) -> None:
    page = new_page()
    dialog = start_project(page, "Outlives")
    with no_database(stores):
        expect(page.get_by_role("heading", name="The console cannot reach its database")).to_be_visible(timeout=20_000)
        expect(page.get_by_text("What you typed is kept in this browser.")).to_be_visible()
        expect(dialog).to_be_hidden()
    is_restored(dialog, "Outlives")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog).to_be_hidden()
    assert saved_projects(stores, "Outlives") == [("What Outlives is for.",)]
    page.get_by_role("button", name="New project").first.click()
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("")
    expect(dialog.get_by_text(RESTORED)).to_be_hidden()


def test_a_page_that_is_opened_without_a_database_is_loaded_when_there_is_one(
    new_page: NewPage, stores: Cluster
) -> None:
    page = new_page()
    with no_database(stores):
        page.reload()
        expect(page.get_by_role("heading", name="The console cannot reach its database")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("heading", name="Projects", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="New project").first).to_be_visible()


def test_a_restart_loses_nothing_and_overwrites_nobody(new_page: NewPage, stores: Cluster, web: Web) -> None:
    script = httpx.Client(base_url=web.url, headers=bearer(web.url), timeout=10)
    made = script.post("/api/v1/projects", json={"name": "Restarted", "description": "Before"}).json()
    page = new_page()
    visit(page, f"/projects/{made['id']}")
    page.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Description").fill("Typed before the restart")
    web.kill()
    with stores.redis() as client:
        client.flushall()  # and with it what the server knew of this tab
    expect(page.locator("[data-live=off]")).to_be_visible()  # behind the dialog
    web.start()
    expect(dialog.get_by_text(RESTORED)).to_be_visible()
    expect(dialog.get_by_label("Description")).to_have_value("Typed before the restart")
    script.patch(f"/api/v1/projects/{made['id']}", json={"description": "Changed by a script"})
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("row", name="Description")).to_contain_text("Changed by a script")
    dialog.get_by_label("Description: keep mine").check()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    assert saved_projects(stores, "Restarted") == [("Typed before the restart",)]


def test_a_session_that_ends_keeps_the_form_until_the_person_is_back(new_page: NewPage, stores: Cluster) -> None:
    page = new_page()
    dialog = start_project(page, "Signed in again")
    stores.sql("UPDATE auth_sessions SET revoked_at = now() WHERE kind = 'browser' AND revoked_at IS NULL")
    page.wait_for_url(re.compile(r"/login/?\?next=/projects"), timeout=8000)
    page.get_by_label("Username or email").fill(ADMIN)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    is_restored(dialog, "Signed in again")


def keep_editing(page: Page) -> None:
    question = page.get_by_role("alertdialog", name="Discard changes?")
    question.get_by_role("button", name="Keep editing").click()
    expect(question).to_have_count(0)


def discard(page: Page) -> None:
    page.get_by_role("alertdialog", name="Discard changes?").get_by_role("button", name="Discard").click()


def test_a_dialog_with_typed_text_asks_before_it_closes(new_page: NewPage) -> None:
    page = new_page()
    dialog = start_project(page, "Asked")
    page.keyboard.press("Escape")
    keep_editing(page)
    page.mouse.click(5, 300)  # beside the dialog
    question = page.get_by_role("alertdialog", name="Discard changes?")
    expect(question).to_be_visible()
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    dialog.get_by_role("button", name="Cancel").click()
    keep_editing(page)
    expect(dialog.get_by_label("Description")).to_have_value("What Asked is for.")
    page.keyboard.press("Escape")
    discard(page)
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="New project").first.click()
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("")
    page.keyboard.press("Escape")  # nothing is typed, so nothing is asked
    expect(dialog).to_be_hidden()


def test_back_and_closing_the_tab_ask_while_something_is_typed(new_page: NewPage) -> None:
    page = new_page()
    page.get_by_role("link", name="Users", exact=True).click()
    page.wait_for_url("**/users**")
    page.get_by_role("button", name="New user").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Email").fill("back@example.com")
    page.evaluate("history.back()")
    keep_editing(page)
    page.wait_for_url("**/users**")
    expect(dialog.get_by_label("Email")).to_have_value("back@example.com")
    with page.expect_event("dialog") as asked:
        page.once("dialog", lambda shown: shown.dismiss())
        page.evaluate("location.assign('/settings')")
    assert asked.value.type == "beforeunload"
    expect(page.locator("[data-live=on]")).to_have_count(1)  # who stays is still connected
    page.evaluate("history.back()")
    discard(page)
    page.wait_for_url("**/projects**")
    expect(page.get_by_role("heading", name="Projects", level=1)).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_typed_text_is_asked_about_however_late_the_script_comes(new_page: NewPage) -> None:
    """React Router and Reflex listen before it then."""
    page, held = new_page(), list[Route]()
    page.route("**/console/main.js*", lambda route: held.append(route))
    page.goto("/projects", wait_until="commit")
    wait_until_live(page)
    page.get_by_role("link", name="Users", exact=True).click()
    page.wait_for_url("**/users**", wait_until="commit")
    held[0].continue_()
    page.wait_for_function("Boolean(firstListeners.popstate)")
    page.get_by_role("button", name="New user").first.click()
    page.get_by_role("dialog").get_by_label("Email").fill("late@example.com")
    page.evaluate("history.back()")
    keep_editing(page)
    page.wait_for_url("**/users**")
    expect(page.get_by_role("dialog").get_by_label("Email")).to_have_value("late@example.com")
    with page.expect_event("dialog"):
        page.once("dialog", lambda shown: shown.dismiss())
        page.evaluate("location.assign('/settings')")
    expect(page.locator("[data-live=on]")).to_have_count(1)


def test_a_reload_opens_the_form_again_and_its_draft_can_be_discarded(new_page: NewPage) -> None:
    page = new_page()
    dialog = start_project(page, "Reloaded")
    page.reload()
    is_restored(dialog, "Reloaded")
    dialog.get_by_role("button", name="Discard").click()
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("")
    expect(dialog.get_by_text(RESTORED)).to_be_hidden()


def test_a_reload_closes_a_dialog_in_which_nothing_was_typed(new_page: NewPage) -> None:
    page = new_page()
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="New project").first.click()
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_text("Required.").first).to_be_visible()
    visit(page, "/projects")
    expect(dialog).to_have_count(0)
    start_project(page, "Typed after all")
    expect(dialog.get_by_text("Required.")).to_have_count(0)
    visit(page, "/projects")
    is_restored(dialog, "Typed after all")


def test_a_page_of_an_older_build_offers_a_reload_that_keeps_the_text(new_page: NewPage) -> None:
    name = json.loads((WEB / STAMP).read_text())["sources"][:12]

    def as_if_older(route: Route) -> None:
        text = route.fetch().text().replace(name, "older0000000")
        route.fulfill(content_type="text/javascript", headers={"Cache-Control": "no-store"}, body=text)

    page = new_page()
    banner = page.get_by_text("A new version is ready.")
    expect(page.get_by_role("button", name="New project").first).to_be_visible()
    expect(banner).to_be_hidden()
    page.route("**/assets/*.js", as_if_older)
    page.reload()
    expect(banner).to_be_visible()
    kept = banner.get_by_text("What you are typing is kept.")
    expect(kept).to_be_hidden()
    start_project(page, "Upgraded")
    expect(kept).to_be_visible()
    page.unroute("**/assets/*.js")
    page.locator("[data-action=reload]").dispatch_event("click")  # the dialog is above it
    expect(banner).to_be_hidden()
    is_restored(page.get_by_role("dialog"), "Upgraded")


def test_a_page_whose_files_are_gone_is_loaded_again_and_keeps_the_text(new_page: NewPage) -> None:
    page = new_page()
    heading = page.get_by_role("heading", name="Groups", level=1)
    gone: list[str] = []

    def miss_once() -> None:
        """The page that is loaded afterwards is of the new version, which has its files."""
        page.route("**/assets/_groups_*.js", miss, times=1)

    def miss(route: Route) -> None:
        gone.append(route.request.url)
        route.fulfill(status=404)

    # The script of a page that a link opens.
    miss_once()
    with page.expect_event("load"):
        page.get_by_role("link", name="Groups", exact=True).click()
    page.get_by_role("link", name="Groups", exact=True).click()
    expect(heading).to_be_visible()
    # A script of the page that is being loaded.
    miss_once()
    page.goto("/groups")
    expect(heading).to_be_visible()
    # A script that an open page asks for.
    visit(page, "/settings")
    page.get_by_label("Full name").fill("Ada Upgraded")
    with page.expect_event("load"):
        page.evaluate("setTimeout(() => dispatchEvent(new Event('vite:preloadError')))")
    expect(page.get_by_text(RESTORED)).to_be_visible()
    expect(page.get_by_label("Full name")).to_have_value("Ada Upgraded")
    # One that stays away does not reload a page for ever.
    kept = "sessionStorage.getItem('tca-reloads')"
    page.evaluate("sessionStorage.setItem('tca-reloads', JSON.stringify(Array(3).fill(Date.now())))")
    before = page.evaluate(kept)
    miss_once()
    page.goto("/groups")
    page.evaluate("dispatchEvent(new Event('vite:preloadError'))")
    assert (len(gone), page.evaluate(kept)) == (3, before)


def test_no_secret_is_kept_and_nobody_else_sees_a_draft(new_page: NewPage) -> None:
    page = new_page()
    visit(page, "/users")
    page.get_by_role("button", name="New user").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Email").fill("grace@example.com")
    dialog.get_by_label("Password", exact=True).fill("Canary-Word-77")
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "grace@example.com" in kept
    assert "Canary" not in kept
    page.evaluate("sessionStorage.setItem('tca-draft:999999:Other:create:/users', JSON.stringify({at: Date.now()}))")
    page.reload()
    expect(dialog.get_by_label("Email")).to_have_value("grace@example.com")
    assert "tca-draft:999999" not in page.evaluate("Object.keys(sessionStorage).join()")
    visit(page, "/projects")
    other = page.context.new_page()
    visit(other, "/projects")
    start_project(other, "Elsewhere")
    page.bring_to_front()
    page.get_by_role("button", name="Account", exact=True).click()
    page.get_by_role("menuitem", name="Sign out").click()
    keep_editing(page)
    page.get_by_role("button", name="Account", exact=True).click()
    page.get_by_role("menuitem", name="Sign out").click()
    discard(page)
    page.wait_for_url("**/login**")
    other.wait_for_url("**/login**")
    for tab in (page, other):
        assert "tca-draft" not in tab.evaluate("Object.keys(sessionStorage).join()")


def test_a_change_goes_on_after_the_password_with_what_was_typed(new_page: NewPage, stores: Cluster) -> None:
    page = new_page()
    visit(page, "/settings?tab=tokens")
    stores.sql("UPDATE auth_sessions SET verified_at = now() - interval '11 minutes'")
    page.get_by_role("button", name="New token").first.click()
    form = page.get_by_role("dialog", name="New API token")
    form.get_by_label("Name", exact=True).fill("Nightly")
    form.get_by_role("button", name="Create").click()
    proof = page.get_by_role("dialog", name="Confirm your password")
    proof.get_by_label("Password", exact=True).fill(PASSWORD)
    expect(page.get_by_text("then try again")).to_have_count(0)
    proof.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text="Nightly")).to_be_visible()


def test_unsaved_settings_ask_before_a_link_and_survive_a_reload(new_page: NewPage, stores: Cluster) -> None:
    page = new_page()
    visit(page, "/settings")
    page.get_by_label("Full name").fill("Ada Discarded")
    page.get_by_role("link", name="Projects", exact=True).click()
    discard(page)
    expect(page.get_by_role("heading", name="Projects", level=1)).to_be_visible()
    page.get_by_role("link", name="Projects", exact=True).click()
    visit(page, "/settings")
    expect(page.get_by_label("Full name")).not_to_have_value("Ada Discarded")
    page.get_by_label("Full name").fill("Ada Typed")
    page.get_by_role("link", name="Projects", exact=True).click()
    keep_editing(page)
    visit(page, "/settings")
    expect(page.get_by_text(RESTORED)).to_be_visible()
    expect(page.get_by_label("Full name")).to_have_value("Ada Typed")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(RESTORED)).to_be_hidden()
    page.reload()
    expect(page.get_by_label("Full name")).to_have_value("Ada Typed")
    expect(page.get_by_text(RESTORED)).to_be_hidden()
