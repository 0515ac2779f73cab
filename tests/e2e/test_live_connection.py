"""Behind a proxy that blocks websockets the page says so."""

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Console
from tests.e2e.test_journey import NewPage

pytestmark = pytest.mark.e2e


class _Forward(BaseHTTPRequestHandler):
    """Passes requests on as plain ones, whatever upgrade they ask for."""

    upstream = ""

    def do_GET(self) -> None:
        dropped = ("upgrade", "connection", "accept-encoding")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
        answer = httpx.get(self.upstream + self.path, headers=headers, timeout=10)
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name not in ("connection", "transfer-encoding", "content-encoding", "content-length", "upgrade"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def proxy(console: Console) -> Iterator[str]:
    handler = type("Forward", (_Forward,), {"upstream": console.url})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://localhost:{running.server_port}"
        running.shutdown()


def test_a_proxy_that_blocks_websockets_is_named_on_the_page(new_page: NewPage, proxy: str) -> None:
    page = new_page(kept=False)
    page.context.add_cookies([{"name": "sid", "value": "of-an-ended-session", "url": proxy}])
    page.goto(f"{proxy}/dashboard")
    expect(page.get_by_role("heading", name="Live connection blocked")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("heading", name="The console cannot be reached")).to_be_hidden()
    page.get_by_text("For administrators of the proxy").click()
    expect(page.locator("[data-reference]")).to_have_text(re.compile(r"^[0-9a-f]{16}$"))
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
