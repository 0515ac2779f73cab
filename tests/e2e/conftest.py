"""Runs the whole product as one process, with browsers that use it by role and label."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.e2e.pages import Pages
from tests.features.auth.oauth.provider import CLIENT_ID, CLIENT_SECRET, FakeProvider
from tests.processes import START_S, end_process, inherited

ROOT = Path(__file__).parents[2]
PASSWORD = "Green-Boat-42"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ADMIN = ("ada", PASSWORD)
_set_up: list[subprocess.Popen[str]] = []
expect.set_options(timeout=20_000)  # a wait ends when its condition holds; this is for a busy machine


@dataclass(frozen=True)
class Console:
    """A running console. `setup_link` works once, for the first person."""

    url: str
    setup_link: str
    process: subprocess.Popen[str]
    data_dir: Path


class Receiver(ThreadingHTTPServer):
    """Takes what webhooks post, and answers with `code`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Keep)
        self.code = 200
        self.got: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Keep(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver = self.server
        assert isinstance(receiver, Receiver)
        headers = {name.lower(): value for name, value in self.headers.items()}
        receiver.got.append((headers, self.rfile.read(int(headers.get("content-length", "0")))))
        self.send_response(receiver.code)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"inner words of the receiver")

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


P = TypeVar("P", bound=FakeProvider)


@contextmanager
def in_a_thread(provider: P) -> Iterator[P]:
    """The provider at work, in an event loop of its own."""
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, daemon=True).start()
    yield asyncio.run_coroutine_threadsafe(provider.__aenter__(), loop).result(10)
    asyncio.run_coroutine_threadsafe(provider.__aexit__(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)


@pytest.fixture(scope="session")
def provider() -> Iterator[FakeProvider]:
    """An OpenID Connect provider, which signs in the person that a test names, in a thread of its own."""
    with in_a_thread(FakeProvider()) as running:
        yield running


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver, provider: FakeProvider) -> Iterator[Console]:
    settings = {
        "OUTBOUND_ALLOWED_HOSTS": ",".join(url.removeprefix("http://") for url in (receiver.url, provider.url)),
        "OIDC_ISSUER": provider.url,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "OIDC_LABEL": "Acme",
    }
    with running_console(tmp_path_factory.mktemp("console"), settings) as running:
        yield running


@contextmanager
def running_console(data_dir: Path, settings: dict[str, str]) -> Iterator[Console]:
    """A console with stores of its own, whatever a developer's .env names."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "PORT": str(port),
        "RATE_LIMIT_LOGIN": "1000/minute",
        "STATUS_PUBLIC": "true",
        "PASSWORD_HASH_MEMORY_KIB": "1024",
        "LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "tca_app", "serve"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=inherited() | own | settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        link = _setup_link(process)
        yield Console(link.partition("/setup")[0], link, process, data_dir)
    finally:
        end_process(process)


def _setup_link(process: subprocess.Popen[str]) -> str:
    """The last line of a first start. The rest of the output is read too, so that the pipe never fills."""
    lines: Queue[str] = Queue()

    def read() -> None:
        for line in process.stdout or ():
            lines.put(line)
        lines.put("")

    Thread(target=read, daemon=True).start()
    said = []
    while True:
        try:
            line = lines.get(timeout=START_S)
        except Empty:
            line = ""
        said.append(line)
        if found := re.search(r"http\S+/setup\?token=\S+", line):
            return found[0]
        if not line:
            pytest.fail("the console did not start:\n" + "".join(said))


def launch(playwright_: Playwright, **options: Any) -> Browser:
    found = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    path = found if Path(found).exists() else None
    return playwright_.chromium.launch(executable_path=path, args=list(QUIET), **options)


# For a package, not for the session: Playwright keeps an event loop running, under which no async test can run.
@pytest.fixture(scope="package")
def playwright_() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(playwright_: Playwright) -> Iterator[Browser]:
    launched = launch(playwright_)
    yield launched
    launched.close()


@pytest.fixture(scope="package")
def pages(browser: Browser, console: Console) -> Pages:
    return Pages(browser, console.url)


@pytest.fixture
def new_page(pages: Pages) -> Iterator[Callable[..., Page]]:
    """Opens a page of somebody else each time; fails the test when it broke the security policy or had an error."""
    with pages.lent() as open_one:
        yield open_one


@pytest.fixture(scope="module")
def admin(browser: Browser, console: Console) -> tuple[str, str]:
    """The first admin, made through the set-up page by whichever module comes first; username and password."""
    if console.process in _set_up:
        return ADMIN
    context = browser.new_context()
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(console.setup_link)
    page.get_by_label("Email").fill("ada@example.com")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Full name").fill("Ada Admin")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/dashboard**")
    context.close()
    _set_up.append(console.process)
    return ADMIN


def bearer(page: Page, username: str, password: str = PASSWORD) -> dict[str, str]:
    login = page.request.post("/api/auth/login", data={"username": username, "password": password})
    return {"Authorization": f"Bearer {login.json()['access_token']}"}


def create(page: Page, kind: str, /, **fields: object) -> dict[str, Any]:
    """By REST and as the first admin, which spares the browser a form where that form is not what is tested."""
    answer = page.request.post(f"/api/v1/{kind}", data=fields, headers=bearer(page, *ADMIN))
    assert answer.status == 201, answer.text()
    found: dict[str, Any] = answer.json()
    return found


def create_user(page: Page, username: str, full_name: str) -> int:
    made = create(
        page, "users", email=f"{username}@example.com", username=username, full_name=full_name, password=PASSWORD
    )
    return int(made["id"])


def create_administrator(page: Page, username: str, full_name: str) -> None:
    """Somebody who sees everything and has chosen nothing, unlike the first admin, who has settings of other tests."""
    fields = {"email": f"{username}@example.com", "username": username, "full_name": full_name, "password": PASSWORD}
    create(page, "users", **fields, is_superuser=True)


def create_project(page: Page, name: str, member: int = 0) -> str:
    """Returns the path of its page."""
    team = [{"user_id": member, "role": "viewer"}] if member else []
    return f"/projects/{create(page, 'projects', name=name, description=f'What {name} does.', team_members=team)['id']}"


def sign_in_by_call(page: Page, username: str, password: str = PASSWORD, path: str = "/dashboard") -> None:
    """By the call of the form, which spares the browser a page; then the page that was asked for."""
    begin_session(page, username, password)
    visit(page, path)


def begin_session(page: Page, username: str, password: str = PASSWORD) -> None:
    answer = page.request.post("/api/auth/session", data={"username": username, "password": password})
    assert answer.status == 204, answer.text()


def visit(page: Page, path: str) -> None:
    """Opens a page of the console, until it can be used."""
    page.goto(path)
    wait_until_live(page)


def wait_until_live(page: Page) -> None:
    """Until the page has its data. The HTML shows the same page before, and takes neither a press nor a key."""
    expect(page.locator(".progress[data-busy=false] ~ .shell[data-viewer]")).to_be_visible(timeout=30_000)


def sign_in(page: Page, username: str, password: str = PASSWORD, path: str = "/login") -> None:
    """Through the form, until the page that was asked for is there."""
    page.goto(path)
    page.get_by_label("Username or email").fill(username)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    wait_until_live(page)
