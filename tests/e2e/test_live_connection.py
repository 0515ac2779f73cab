"""A page whose connection is lost, slow or blocked says so, and what is pressed then is done once or asked about."""

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import sign_in, visit, wait_until_live
from tests.e2e.tunnel import Tunnel, tunnel_to
from tests.factories import PASSWORD
from tests.features.instance.test_instance import PNG
from tests.processes import ADMIN, Cluster, Web, cluster, eventually, free_port, sign_in as bearer

pytestmark = pytest.mark.e2e
NewPage = Callable[..., Page]
NO_ANSWER = "The server does not respond."


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("live")) as running:
        yield running


@pytest.fixture(scope="module")
def tunnel() -> Iterator[Tunnel]:
    with tunnel_to(free_port()) as running:
        yield running


@pytest.fixture(scope="module")
def proxy_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def web(stores: Cluster, tunnel: Tunnel, proxy_port: int) -> Web:
    own = f"http://localhost:{tunnel.upstream}"
    by_address = tunnel.url.replace("localhost", "127.0.0.1")
    origins = (own, tunnel.url, by_address, f"http://localhost:{proxy_port}")
    return stores.web(PORT=str(tunnel.upstream), ALLOWED_ORIGINS=",".join(origins))


@pytest.fixture
def new_page(browser: Browser, web: Web, tunnel: Tunnel) -> Iterator[NewPage]:
    """A browser of its own, which reaches the console through the tunnel."""
    with ExitStack() as ending:

        def open_one(path: str = "/projects", url: str = tunnel.url) -> Page:
            context = browser.new_context(base_url=url)
            ending.callback(context.close)
            context.set_default_timeout(15_000)
            page = context.new_page()
            if path:
                sign_in(page, ADMIN, PASSWORD, f"/login?next={path}")
            return page

        yield open_one


def start_project(page: Page, name: str) -> Locator:
    """The dialog, filled."""
    page.get_by_role("button", name="New project").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_label("Description").fill(f"What {name} is for.")
    return dialog


def count_projects(stores: Cluster, name: str) -> int:
    return int(stores.sql("SELECT count(*) FROM projects WHERE name = %s", name)[0][0])


def waits(control: Locator) -> None:
    expect(control).to_have_attribute("data-waits", "")
    expect(control).to_have_attribute("aria-busy", "true")


def waits_no_more(control: Locator) -> None:
    expect(control).not_to_have_attribute("data-waits", "")


@contextmanager
def stopped(web: Web) -> Iterator[None]:
    """The kernel keeps its connections open and takes new ones, and nobody answers."""
    web.send(signal.SIGSTOP)
    try:
        yield
    finally:
        web.send(signal.SIGCONT)


def test_a_press_that_a_stopped_server_does_not_answer_waits_and_is_carried_out_once(
    new_page: NewPage, stores: Cluster, web: Web
) -> None:
    page = new_page()
    dialog = start_project(page, "Stopped")
    create = dialog.get_by_role("button", name="Create")
    with stopped(web):
        create.click()
        waits(create)
        expect(page.get_by_text(NO_ANSWER)).to_be_visible()
        expect(page.get_by_text("1 action is waiting.")).to_be_visible()
        expect(page.locator("[data-live=off]")).to_have_count(1)
        create.click()
        expect(dialog.get_by_label("Description")).to_have_value("What Stopped is for.")
    expect(dialog).to_be_hidden()
    expect(page.get_by_text(NO_ANSWER)).to_be_hidden()
    expect(page.locator("[data-live=on]")).to_have_count(1)
    assert count_projects(stores, "Stopped") == 1


def a_switch(page: Page, web: Web) -> None:
    visit(page, "/notifications?tab=preferences")
    box = page.get_by_role("checkbox", name="Inbox: You are mentioned in a comment")
    expect(box).to_be_checked()
    with stopped(web):
        box.click()
        waits(box)
        expect(box).to_be_checked()  # what is saved
    expect(box).not_to_be_checked()


def the_order_of_cards(page: Page, web: Web) -> None:
    visit(page, "/dashboard")
    page.get_by_role("button", name="Customize").click()
    down = page.get_by_role("button", name="Move Total users down")
    cards = page.get_by_role("list", name="Cards").get_by_role("listitem")
    expect(cards.first).to_contain_text("Total users")
    with stopped(web):
        down.click()
        waits(down)
        down.click()
        expect(cards.first).to_contain_text("Total users")
    expect(cards.nth(1)).to_contain_text("Total users")
    waits_no_more(down)
    expect(cards.nth(1)).to_contain_text("Total users")


def a_column(page: Page, web: Web) -> None:
    visit(page, "/projects")
    page.get_by_role("button", name="Display options").click()
    box, column = page.get_by_role("checkbox", name="Owner"), page.locator("th", has_text="Owner")
    with stopped(web):
        box.click()
        waits(box)
        expect(box).to_be_checked()
        expect(column).to_be_visible()
    expect(box).not_to_be_checked()
    expect(column).to_be_hidden()


def a_filter(page: Page, web: Web) -> None:
    visit(page, "/projects")
    page.get_by_role("button", name="Status filter").click()
    box = page.get_by_role("checkbox", name="Active")
    expect(box).not_to_be_checked()  # the server has named the values
    with stopped(web):
        box.click()
        waits(box)
        expect(box).not_to_be_checked()
    expect(box).to_be_checked()
    expect(page.locator(".chip")).to_have_count(1)


def the_order_of_a_list(page: Page, web: Web) -> None:
    visit(page, "/projects")
    head = page.get_by_role("columnheader", name="Project", exact=True)
    with stopped(web):
        head.get_by_role("button").click()
        waits(head.get_by_role("button"))
        expect(head).to_have_attribute("aria-sort", "none")
    expect(head).to_have_attribute("aria-sort", "ascending")


def a_comment(page: Page, web: Web) -> None:
    with httpx.Client(base_url=f"{web.url}/api/v1", headers=bearer(web.url), timeout=10) as script:
        project = script.post("/projects", json={"name": "Commented"}).json()["id"]
        deployment = {"environment": "production", "version": "1.0.0"}
        number = script.post(f"/projects/{project}/deployments", json=deployment).json()["id"]
    visit(page, f"/deployments/{number}")
    page.get_by_label("New comment").fill("Said once")
    send = page.get_by_role("button", name="Add comment", exact=True)
    with stopped(web):
        send.click()
        waits(send)
        send.click()
    expect(page.get_by_role("list", name="Comments").get_by_text("Said once")).to_have_count(1)
    waits_no_more(send)
    expect(page.get_by_label("New comment")).to_have_value("")


def the_palette(page: Page, web: Web) -> None:
    visit(page, "/projects")
    with stopped(web):
        page.keyboard.press("Control+k")
        waits(page.locator("[data-command=palette]"))
        page.get_by_label("Type a command or search").fill("users")
        page.keyboard.press("Enter")
        waits(page.get_by_label("Type a command or search"))
        expect(page.locator("[data-palette][data-looking]")).to_be_visible()
    page.wait_for_url(re.compile("/users"))


def a_picture(page: Page, web: Web) -> None:
    visit(page, "/settings")
    page.get_by_role("button", name="Upload picture").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Image").set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": PNG})
    upload = dialog.get_by_role("button", name="Upload")
    with stopped(web):
        upload.click()
        expect(upload).to_be_disabled()
        expect(upload).to_have_attribute("aria-busy", "true")
        expect(page.get_by_text("Your initials.")).to_be_attached()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("Your own image.")).to_be_visible()


def a_file_to_import(page: Page, web: Web) -> None:
    visit(page, "/users")
    page.get_by_role("button", name="Import CSV").click()
    dialog = page.get_by_role("dialog")
    people = b"username,email,full_name\nwaited,waited@example.com,Waited For\n"
    dialog.get_by_label("CSV file").set_input_files({"name": "p.csv", "mimeType": "text/csv", "buffer": people})
    upload = dialog.get_by_role("button", name="Upload")
    with stopped(web):
        upload.click()
        expect(upload).to_be_disabled()
        expect(upload).to_have_attribute("aria-busy", "true")
    expect(page.get_by_text("1 new")).to_be_visible()


def a_dialog_of_the_server(page: Page, web: Web) -> None:
    visit(page, "/projects")
    new = page.get_by_role("button", name="New project").first
    with stopped(web):
        new.click()
        waits(new)
        new.click()
        expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_be_visible()
    waits_no_more(page.locator("[data-command=new-project]"))


ACTS = (
    a_switch,
    the_order_of_cards,
    a_column,
    a_filter,
    the_order_of_a_list,
    a_comment,
    the_palette,
    a_picture,
    a_file_to_import,
    a_dialog_of_the_server,
)


@pytest.fixture(scope="module")
def signed_in(browser: Browser, web: Web, tunnel: Tunnel) -> Iterator[Page]:
    """One page for all acts, and a project for the lists."""
    httpx.post(f"{web.url}/api/v1/projects", json={"name": "Listed"}, headers=bearer(web.url)).raise_for_status()
    context = browser.new_context(base_url=tunnel.url)
    context.set_default_timeout(15_000)
    page = context.new_page()
    sign_in(page, ADMIN, PASSWORD)
    yield page
    context.close()


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_what_is_pressed_waits_shows_nothing_as_saved_and_is_done_once(
    signed_in: Page, web: Web, act: Callable[[Page, Web], None]
) -> None:
    act(signed_in, web)


def test_an_action_of_a_menu_waits_at_the_button_of_the_menu(
    new_page: NewPage, stores: Cluster, tunnel: Tunnel
) -> None:
    page = new_page()
    create = start_project(page, "Archived").get_by_role("button", name="Create")
    create.click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    visit(page, "/projects?q=Archived")
    actions = page.get_by_role("row", name="Archived").get_by_role("button", name="Actions")
    account = page.get_by_role("button", name="Account", exact=True)
    with tunnel.silent():
        actions.click()
        page.get_by_role("menuitem", name="Archive").click()
        waits(actions)
        expect(page.get_by_text("1 action is waiting.")).to_be_visible()
        account.click()  # opens in the browser alone
        expect(page.get_by_role("menuitem", name="Sign out")).to_be_visible()
        page.keyboard.press("Escape")
        expect(account).not_to_have_attribute("aria-busy", "true")
        expect(page.get_by_text("1 action is waiting.")).to_be_visible()
    waits_no_more(actions)
    status = "SELECT status FROM projects WHERE name = 'Archived'"
    eventually(lambda: stores.sql(status) == [("archived",)], "what no longer waits is carried out")


def test_on_a_slow_connection_a_press_waits_and_no_banner_comes(new_page: NewPage, tunnel: Tunnel) -> None:
    page = new_page()
    new = page.get_by_role("button", name="New project").first
    with tunnel.slow(2):
        new.click()
        waits(new)
        expect(page.get_by_role("dialog")).to_be_visible()
        expect(page.locator("[data-live=on]")).to_have_count(1)
    expect(page.locator("[data-waits=''], [data-offline]")).to_have_count(0)


def test_an_action_that_was_lost_on_the_way_is_named_and_can_be_repeated(
    new_page: NewPage, stores: Cluster, tunnel: Tunnel
) -> None:
    page = new_page()
    dialog = start_project(page, "Cut off")
    create = dialog.get_by_role("button", name="Create")
    tunnel.cut()
    create.click()
    waits(create)
    notice = page.get_by_text("The connection was lost before 1 action was confirmed. Check whether it took effect.")
    expect(notice).to_have_count(1, timeout=30_000)  # behind the dialog
    expect(dialog.get_by_label("Description")).to_have_value("What Cut off is for.")
    waits_no_more(create)
    expect(page.locator("[data-live=on]")).to_have_count(1)
    assert count_projects(stores, "Cut off") == 0
    create.click()
    expect(dialog).to_be_hidden()
    assert count_projects(stores, "Cut off") == 1
    page.locator("[data-unconfirmed]").get_by_role("button", name="Dismiss").click()
    expect(notice).to_be_hidden()


def test_a_browser_without_network_says_so_at_once_and_sends_when_it_is_back(
    new_page: NewPage, stores: Cluster, tunnel: Tunnel
) -> None:
    page = new_page(url=tunnel.url.replace("localhost", "127.0.0.1"))  # to localhost a browser needs no network
    dialog = start_project(page, "Without network")
    create = dialog.get_by_role("button", name="Create")
    page.context.set_offline(True)
    expect(page.locator("[data-offline]")).to_be_visible()
    expect(page.locator("[data-offline]")).to_contain_text("You are offline.")
    create.click()
    waits(create)
    expect(page.get_by_text("1 action is waiting.")).to_be_visible()
    expect(page.locator(".brand img")).to_be_visible()
    page.context.set_offline(False)
    expect(dialog).to_be_hidden()
    expect(page.locator("[data-offline]")).to_have_count(0)
    expect(page.locator("[data-unconfirmed]")).to_be_hidden()
    assert count_projects(stores, "Without network") == 1


def test_a_link_is_followed_when_the_server_is_back(new_page: NewPage, web: Web) -> None:
    page = new_page()
    users = page.get_by_role("link", name="Users", exact=True)
    web.kill()
    expect(page.get_by_text("The console cannot be reached.")).to_be_visible()
    users.click()
    waits(users)
    expect(page.get_by_text("is waiting.")).to_have_count(0)
    web.start()
    page.wait_for_url("**/users")
    expect(page.get_by_role("heading", name="Users", level=1)).to_be_visible()


def test_the_form_of_the_sign_in_page_says_that_it_waits(new_page: NewPage, tunnel: Tunnel) -> None:
    page = new_page("")
    page.goto("/login?next=/projects")
    page.get_by_label("Username or email").fill(ADMIN)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    enter = page.get_by_role("button", name="Sign in")
    with tunnel.silent():
        enter.click()
        expect(enter).to_have_attribute("aria-busy", "true")
        expect(page.get_by_text("The server does not respond yet. Your request waits for it.")).to_be_visible()
    expect(page.get_by_role("heading", name="Projects", level=1)).to_be_visible()


def test_a_page_that_was_open_before_redis_went_is_not_simply_connected(new_page: NewPage, stores: Cluster) -> None:
    page = new_page()
    wait_until_live(page)
    expect(page.locator("[data-live=on]")).to_have_count(1)
    stores.redis_server.stop()
    status = page.locator("[data-live=degraded]")
    expect(status).to_have_text("Connected, degraded")
    stores.redis_server.start()
    expect(page.locator("[data-live=on]")).to_have_text("Connected")


class _Forward(BaseHTTPRequestHandler):
    """Passes plain requests on, and upgrades as plain requests, or refuses those itself."""

    upstream = ""
    refuses = False

    def do_GET(self) -> None:
        """Also for POST."""
        if self.refuses and self.headers["Upgrade"]:
            self.send_error(403)
            return
        dropped = ("upgrade", "connection", "accept-encoding")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
        answer = httpx.request(self.command, self.upstream + self.path, headers=headers, timeout=10)
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name not in ("connection", "transfer-encoding", "content-encoding", "content-length", "upgrade"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(params=[False, True], ids=["passes plain", "refuses"])
def proxy(web: Web, proxy_port: int, request: pytest.FixtureRequest) -> Iterator[str]:
    handler = type("Forward", (_Forward,), {"upstream": web.url, "refuses": request.param})
    with ThreadingHTTPServer(("127.0.0.1", proxy_port), handler) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://localhost:{running.server_port}"
        running.shutdown()


def test_a_proxy_that_blocks_websockets_is_named_on_the_page_and_in_the_log(
    new_page: NewPage, web: Web, proxy: str
) -> None:
    web.stop()
    web.log.write_text("")
    web.start()  # it logs that once a minute
    page = new_page("", proxy)
    page.context.add_cookies([{"name": "sid", "value": "of-an-ended-session", "url": proxy}])
    page.goto("/dashboard")
    expect(page.get_by_role("heading", name="Live connection blocked")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("heading", name="The console cannot be reached")).to_be_hidden()
    page.get_by_text("For administrators of the proxy").click()
    expect(page.locator("[data-reference]")).to_have_text(re.compile(r"^[0-9a-f]{16}$"))
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    eventually(lambda: "ui.no_websocket" in web.said(), "the log names the proxy")
