"""URLs that people enter: which are refused, and that the connection goes to the checked address."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tca_app.config.settings import get_settings
from tca_app.core.outgoing import ssrf_safe
from tca_app.core.outgoing.http import TargetUnreachable
from tca_app.core.outgoing.ssrf_safe import ForbiddenAddress, send, target_of
from tests.sinks import HttpSink

REFUSED = (
    # this machine
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.255.255.254/",
    "http://localhost/",
    "http://localhost./",
    "http://LOCALHOST/",
    "http://a.localhost/",
    "http://localhost.localdomain/",
    "http://0.0.0.0/",
    "http://0/",
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    # written otherwise: decimal, octal, hex, mixed, too short, full width
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0177.0.0.1/",
    "http://127.0.0.01/",
    "http://127.0x0.1/",
    "http://1.2.3/",
    "http://256.256.256.256/",
    "http://example.com.0x7f/",
    "http://１２７.0.0.1/",
    "http://①②⑦.0.0.1/",
    "http://127。0。0。1/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "http://lo\u00adcalhost/",
    "http://169.254.169.254.\uff0e/",
    # private, shared and link-local networks, and the metadata of clouds
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://100.100.100.200/latest/meta-data/",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://metadata.google.internal/",
    "http://metadata/",
    "http://printer.local/",
    "http://nas.home.arpa/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fec0::1]/",
    # IPv4 inside IPv6
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/",
    # for nobody or for everybody
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://192.0.2.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://198.18.0.1/",
    "http://192.88.99.1/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[100::1]/",
    # other ports and schemes, users in the address, what parsers read differently
    "http://example.com:22/",
    "http://example.com:8080/",
    "http://example.com:6379/",
    "https://example.com:65536/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "//example.com/",
    "example.com",
    "",
    "http://",
    "http://user@example.com/",
    "http://user:secret@example.com/",
    "http://example.com@127.0.0.1/",
    "http://@example.com/",
    "http:/user@example.com/",
    "http://127.0.0.1#@example.com/",
    "http://127.0.0.1\\@example.com/",
    "http://example.com\\@127.0.0.1/",
    "http://exa mple.com/",
    "http://example.com\r\nHost: localhost/",
    "http://example.com\t/",
    "http://example..com/",
    "http://.example.com/",
    "http://example.com./",
    "http://-example.com/",
    "http://example/",
    "http://" + "a" * 64 + ".com/",
)
ALLOWED = (
    "https://example.com/hook?x=1",
    "http://example.com:80/",
    "https://sub.example.co.uk:443/a/b",
    "https://xn--bcher-kva.example/",
    "https://bücher.example/ü",
    "https://ci_runner.example.com/7",
    "https://8.8.8.8/",
    "https://[2606:4700::1111]/",
)


@pytest.fixture
async def sink(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpSink]:
    """A listener on loopback that nobody may reach unless a test allows it."""
    async with HttpSink() as running:
        yield running


def allow(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    monkeypatch.setattr(get_settings(), "outbound_allowed_hosts", list(hosts))


class Resolver:
    """Answers with the next of `answers` at each question (the last one stays)."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, _host: str, _port: int) -> list[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.mark.parametrize("url", REFUSED)
async def test_what_may_lead_inside_is_refused_before_anybody_is_asked(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    resolver = Resolver(["93.184.215.14"])
    monkeypatch.setattr(ssrf_safe, "resolve", resolver)
    with pytest.raises(ForbiddenAddress):
        await send("POST", url)
    assert resolver.asked == 0


@pytest.mark.parametrize("url", ALLOWED)
def test_what_is_public_may_be_asked(url: str) -> None:
    assert not target_of(url).is_trusted


def test_production_takes_https_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "environment", "production")
    with pytest.raises(ForbiddenAddress, match="https://"):
        target_of("http://example.com/")
    assert target_of("https://example.com/").port == 443


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["10.0.0.7"],
        ["169.254.169.254"],
        ["93.184.215.14", "127.0.0.1"],
        ["2606:4700::1111", "fd00::1"],
        ["fe80::1%lo"],
    ],
)
async def test_every_address_of_a_name_is_looked_at(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> None:
    connected = _connections(monkeypatch)
    monkeypatch.setattr(ssrf_safe, "resolve", Resolver(addresses))
    with pytest.raises(ForbiddenAddress, match="public Internet"):
        await send("POST", "http://rebind.example.com/")
    assert connected == []


def _connections(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Every connection that is tried, none of which is made."""
    tried: list[tuple[str, int]] = []

    async def connect(remote_host: str, remote_port: int, **_: object) -> None:
        tried.append((remote_host, remote_port))
        raise OSError("no network in tests")

    monkeypatch.setattr("anyio.connect_tcp", connect)
    return tried


async def test_a_name_that_changes_after_the_look_leads_to_what_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connected = _connections(monkeypatch)
    resolver = Resolver(["93.184.215.14"], ["127.0.0.1"])
    monkeypatch.setattr(ssrf_safe, "resolve", resolver)
    with pytest.raises(TargetUnreachable, match="cannot be reached"):
        await send("POST", "https://rebind.example.com/")
    assert connected == [("93.184.215.14", 443)]
    assert resolver.asked == 1


async def test_the_name_goes_along_to_the_checked_address(monkeypatch: pytest.MonkeyPatch, sink: HttpSink) -> None:
    allow(monkeypatch, f"sink.example.com:{sink.port}")
    monkeypatch.setattr(ssrf_safe, "resolve", Resolver(["127.0.0.1"]))
    answer = await send("POST", f"http://sink.example.com:{sink.port}/a?b=1", content=b"hello", headers={"x-a": "1"})
    assert (answer.status, answer.body, answer.is_cut) == (200, b"{}", False)
    (got,) = sink.got
    assert (got.method, got.path, got.body, got.headers["x-a"]) == ("POST", "/a?b=1", b"hello", "1")
    assert got.headers["host"] == f"sink.example.com:{sink.port}"


async def test_the_next_address_is_tried_when_one_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, sink: HttpSink
) -> None:
    allow(monkeypatch, f"sink.example.com:{sink.port}")
    monkeypatch.setattr(ssrf_safe, "resolve", Resolver(["::1", "127.0.0.1"]))
    assert (await send("GET", f"http://sink.example.com:{sink.port}/")).status == 200


async def test_a_redirect_is_an_answer_and_nobody_goes_there(monkeypatch: pytest.MonkeyPatch, sink: HttpSink) -> None:
    async with HttpSink() as inside:
        sink.answers, sink.headers = [302], {"Location": f"http://127.0.0.1:{inside.port}/"}
        allow(monkeypatch, f"127.0.0.1:{sink.port}")
        assert (await send("POST", sink.url)).status == 302
        assert inside.connections == 0


async def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch, sink: HttpSink) -> None:
    async with HttpSink() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        allow(monkeypatch, f"127.0.0.1:{sink.port}")
        assert (await send("POST", sink.url)).status == 200
        assert proxy.connections == 0


async def test_an_answer_is_read_up_to_a_limit(monkeypatch: pytest.MonkeyPatch, sink: HttpSink) -> None:
    allow(monkeypatch, f"127.0.0.1:{sink.port}")
    sink.body = b"x" * (ssrf_safe.MAX_BYTES + 1)
    answer = await send("GET", sink.url)
    assert (len(answer.body), answer.is_cut) == (ssrf_safe.MAX_BYTES, True)


async def test_what_is_packed_stays_packed(monkeypatch: pytest.MonkeyPatch, sink: HttpSink) -> None:
    allow(monkeypatch, f"127.0.0.1:{sink.port}")
    sink.headers, sink.body = {"Content-Encoding": "gzip"}, b"not gzip at all"
    assert (await send("GET", sink.url)).body == b"not gzip at all"


async def test_who_hangs_is_left(monkeypatch: pytest.MonkeyPatch, sink: HttpSink) -> None:
    allow(monkeypatch, f"127.0.0.1:{sink.port}")
    monkeypatch.setattr(ssrf_safe, "TOTAL_S", 0.2)
    sink.hold = asyncio.Event()
    with pytest.raises(TargetUnreachable, match="no answer"):
        await send("POST", sink.url)
    sink.hold.set()


async def test_a_name_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    monkeypatch.setattr(ssrf_safe, "resolve", nobody)
    with pytest.raises(TargetUnreachable, match="cannot be found"):
        await send("GET", "https://gone.example.com/")


def certificate(folder: Path, name: str) -> Path:
    """A file with a key and a certificate for this name, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    signed = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    file = folder / "server.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + signed.public_bytes(pem))
    return file


async def test_the_certificate_must_be_for_the_name_and_not_for_the_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = certificate(tmp_path, "good.example.com")
    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_tls.load_cert_chain(file)
    async with HttpSink(server_tls) as sink:
        allow(monkeypatch, f"good.example.com:{sink.port}", f"evil.example.com:{sink.port}")
        monkeypatch.setattr(ssrf_safe, "resolve", Resolver(["127.0.0.1"]))
        monkeypatch.setattr(ssrf_safe, "_tls", lambda: ssl.create_default_context(cafile=file))
        assert (await send("POST", f"https://good.example.com:{sink.port}/")).status == 200
        with pytest.raises(TargetUnreachable, match="its certificate is not valid"):
            await send("POST", f"https://evil.example.com:{sink.port}/")
        assert len(sink.got) == 1


def test_the_host_that_the_operator_named_may_be_private_over_https_only() -> None:
    named = "10.0.0.5:8443"
    assert target_of("https://10.0.0.5:8443/keys", named).is_trusted
    for other in ("http://10.0.0.5:8443/keys", "https://10.0.0.6:8443/keys", "https://10.0.0.5/keys"):
        with pytest.raises(ForbiddenAddress):
            target_of(other, named)
    assert not target_of("https://example.com/keys", named).is_trusted
