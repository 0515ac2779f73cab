"""The console behind a TLS proxy, on a port other than 443 and under the name `localhost`."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, expect

from tests.core.outgoing.test_ssrf_safe import certificate
from tests.e2e.conftest import sign_in
from tests.factories import PASSWORD
from tests.processes import ADMIN, SETTINGS, Web, free_port

pytestmark = pytest.mark.e2e


class TlsProxy:
    """Passes bytes on, decrypted, as a proxy in front of the console does."""

    def __init__(self, port: int, target: int, certificate_file: Path) -> None:
        self.port, self.target = port, target
        self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.tls.load_cert_chain(certificate_file)
        self.loop = asyncio.new_event_loop()
        self.thread = Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self) -> None:
        self.thread.start()
        starting = asyncio.start_server(self._pass, "127.0.0.1", self.port, ssl=self.tls)
        asyncio.run_coroutine_threadsafe(starting, self.loop).result(10)

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = await asyncio.open_connection("127.0.0.1", self.target)
        await asyncio.gather(_copy(reader, upstream[1]), _copy(upstream[0], writer))


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while part := await source.read(65536):
            sink.write(part)
            await sink.drain()
    sink.close()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home, outside, inside = tmp_path_factory.mktemp("tls"), free_port(), free_port()
    public = f"https://localhost:{outside}"
    stores = {"DATA_DIR": str(home), "DATABASE_URL": "", "REDIS_URL": ""}
    console = Web("serve", "serve", home, SETTINGS | stores | {"PORT": str(inside), "PUBLIC_URL": public})
    with TlsProxy(outside, inside, certificate(home, "localhost")):
        console.start()
        try:
            yield public
        finally:
            console.stop()


def test_people_sign_in_by_tls_on_localhost_with_a_port(browser: Browser, url: str) -> None:
    context = browser.new_context(base_url=url, ignore_https_errors=True)
    context.set_default_timeout(15_000)
    page = context.new_page()
    sign_in(page, ADMIN, PASSWORD, path="/projects")
    expect(page.get_by_role("heading", level=1, name="Projects")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Connected")).to_be_visible()
    assert [cookie["name"] for cookie in context.cookies() if cookie["secure"]]
    context.close()
