"""What the doctor says about PUBLIC_URL: certificate, version, live connection, and the address of a caller."""

import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from tca_app.config.settings import VERSION, get_settings
from tca_app.server.doctor import address
from tests.core.outgoing.test_ssrf_safe import certificate
from tests.sinks import HttpSink

TOKEN = "a-metrics-token-of-more-than-32-bytes"


@pytest.fixture
async def sink(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpSink]:
    async with HttpSink() as found:
        monkeypatch.setattr(get_settings(), "public_url", found.url)
        yield found


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, f'{{"version": "{VERSION}"}}', "ok"),
        (200, '{"version": "0.0.1"}', "served by version 0.0.1"),
        (200, "<html>", "does not lead to the console"),
        (200, "[]", "does not lead to the console"),
        (400, "{}", "refuses the host name"),
        (502, "{}", "HTTP 502"),
    ],
)
async def test_the_version_behind_the_address(status: int, body: str, expected: str, sink: HttpSink) -> None:
    sink.answers, sink.body = [status], body.encode()
    found = await address.reachable()
    assert expected in f"{found.status}: {found.detail}"
    assert (found.status == "ok") == (expected == "ok")


@pytest.mark.parametrize(
    ("status", "expected"), [(200, "does not get through (HTTP 200)"), (403, "refuses the origin")]
)
async def test_a_websocket_that_is_not_passed_on(status: int, expected: str, sink: HttpSink) -> None:
    sink.answers = [status]
    found = await address.live_connection()
    assert (found.status, expected in found.detail) == ("problem", True)
    (request,) = sink.got
    assert (request.headers["upgrade"], request.headers["origin"]) == ("websocket", get_settings().public_url)


async def test_nothing_at_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "public_url", "https://127.0.0.1:9")
    monkeypatch.setattr(get_settings(), "metrics_token", SecretStr(TOKEN))
    for look in (address.certificate, address.reachable, address.live_connection, address.caller_address):
        found = await look()
        assert (found.status, found.mend) == ("problem", address.REACH)
        assert TOKEN not in found.detail


def _console_behind(proxy: str, monkeypatch: pytest.MonkeyPatch, hops: int) -> None:
    """Let the doctor ask a console that sees `proxy` do something with X-Forwarded-For."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        given = [part for part in request.headers.get("x-forwarded-for", "").split(",") if part]
        chain = {"none": given, "overwrites": ["198.51.100.4"], "appends": [*given, "198.51.100.4"]}[proxy]
        seen = chain[-hops] if hops and len(chain) >= hops else "127.0.0.1"
        return httpx.Response(200, headers={"X-Client-Address": seen, "X-Forwarded-Count": str(len(chain))})

    def client() -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url="http://console.test", transport=httpx.MockTransport(answer))

    monkeypatch.setattr(address, "_client", client)
    monkeypatch.setattr(get_settings(), "trusted_proxy_hops", hops)
    monkeypatch.setattr(get_settings(), "metrics_token", SecretStr(TOKEN))


@pytest.mark.parametrize(
    ("proxy", "hops", "expected"),
    [
        ("none", 0, ""),
        ("overwrites", 1, ""),
        ("appends", 1, ""),
        ("none", 1, "can choose their address"),
        ("appends", 2, "can choose their address"),
        ("overwrites", 2, "arrives with 1 address, and TRUSTED_PROXY_HOPS is 2"),
        ("overwrites", 0, "all people share its address"),
    ],
)
async def test_forwarded_addresses(proxy: str, hops: int, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _console_behind(proxy, monkeypatch, hops)
    found = await address.caller_address()
    assert found.status == ("problem" if expected else "ok")
    assert expected in found.detail


async def test_without_the_token_the_address_is_not_asked(monkeypatch: pytest.MonkeyPatch, sink: HttpSink) -> None:
    assert (await address.caller_address()).status == "skipped"
    monkeypatch.setattr(get_settings(), "metrics_token", SecretStr(TOKEN))
    assert "does not accept this METRICS_TOKEN" in (await address.caller_address()).detail


async def test_only_monitoring_learns_how_it_is_seen(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "metrics_token", SecretStr(TOKEN))
    forwarded = {"X-Forwarded-For": "192.0.2.1, 192.0.2.2"}
    assert "x-client-address" not in (await api.get("/health", headers=forwarded)).headers
    found = await api.get("/health", headers=forwarded | {"Authorization": f"Bearer {TOKEN}"})
    assert found.headers["x-forwarded-count"] == "2"
    assert found.headers["x-client-address"] not in ("192.0.2.1", "192.0.2.2")


async def test_the_certificate_is_trusted_and_lasts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert (await address.certificate()).status == "skipped"  # http in development
    file = certificate(tmp_path, "localhost")  # for a day
    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_tls.load_cert_chain(file)
    trusting = ssl.create_default_context(cafile=file)
    async with HttpSink(server_tls) as sink:
        monkeypatch.setattr(get_settings(), "public_url", f"https://localhost:{sink.port}")
        refused = await address.certificate()
        assert refused.detail.startswith("the certificate is not accepted: self")
        monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
        assert (await address.certificate()).mend == "Renew it"
        monkeypatch.setattr(address, "CERTIFICATE_WARNING", timedelta(hours=1))
        assert (await address.certificate()).status == "ok"
