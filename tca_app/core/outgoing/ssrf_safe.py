"""SSRF-safe HTTP calls to URLs that people enter: addresses are checked first, and the connection is pinned to them.

A name is resolved once per call, all its addresses are checked, and the connection goes to a checked address, so DNS
rebinding has no effect. Redirects are not followed, proxies of the environment are ignored, and a response is read up
to a limit. A response body must not appear on a screen.
"""

import asyncio
import re
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from time import monotonic
from typing import Any

import httpx

from tca_app.config.settings import get_settings
from tca_app.core.language.messages import _
from tca_app.core.outgoing.http import TargetUnreachable, call_span
from tca_app.core.telemetry.tracing import trace_headers
from tca_app.core.urls import check_url

TOTAL_S = 10.0
CONNECT_S = 3.0
MAX_BYTES = 64 * 1024
MAX_ADDRESSES = 4  # addresses to try per name
PORTS = frozenset({80, 443})
DEFAULT_PORTS = {"http": 80, "https": 443}
LOCAL_SUFFIXES = (".localhost", ".local", ".localdomain", ".internal", ".intranet", ".home.arpa", ".onion")

# Global unicast by IANA; the networks below are excluded because they do not stand for one public host.
_PUBLIC_V6 = ip_network("2000::/3")
_REFUSED = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; Alibaba's metadata service
        "168.63.129.16/32",  # Azure's metadata service, within public addresses
        "169.254.0.0/16",  # link-local; the metadata service of other clouds
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",
        "2001::/23",  # Teredo and other protocols
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_NAME = re.compile(r"^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_resolver = ThreadPoolExecutor(8, thread_name_prefix="resolver")  # getaddrinfo blocks and cannot be cancelled


class ForbiddenAddress(Exception):
    """The URL leads, or may lead, to a forbidden network. The text is for the person who entered it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that passed the checks without DNS. `is_trusted`: the operator allows this host explicitly."""

    url: httpx.URL
    host: str
    port: int
    is_trusted: bool

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """The response. `is_cut`: the body was longer than the limit. `certificate_until` is None without TLS."""

    status: int
    headers: httpx.Headers
    body: bytes
    is_cut: bool
    duration_ms: int
    certificate_until: datetime | None = None


def target_of(url: str, operators_host: str = "") -> Target:
    """Parse and check a URL without network access. Raises ForbiddenAddress.

    `operators_host`, as `host:port`, is named by the settings, so it may be in a private network; over https only.
    """
    try:
        parsed = httpx.URL(check_url(url))
        host, port = parsed.raw_host.decode(), parsed.port or DEFAULT_PORTS.get(parsed.scheme, 0)
    except httpx.InvalidURL:
        raise ForbiddenAddress(_("This URL is not valid.")) from None
    except ValueError as error:
        raise ForbiddenAddress(str(error)) from None
    if parsed.scheme not in DEFAULT_PORTS or not host or parsed.userinfo:
        raise ForbiddenAddress(_("Enter a URL that starts with https://."))
    is_operators = f"{host}:{port}" == operators_host and parsed.scheme == "https"
    if is_operators or f"{host}:{port}" in get_settings().outbound_allowed_hosts:
        return Target(parsed, host, port, is_trusted=True)
    if get_settings().is_production and parsed.scheme != "https":
        raise ForbiddenAddress(_("Enter an address that starts with https://."))
    if port not in PORTS:
        raise ForbiddenAddress(_("Only the ports 80 and 443 are allowed."))
    _refuse_host(host)
    return Target(parsed, host, port, is_trusted=False)


def _refuse_host(host: str) -> None:
    """Raise ForbiddenAddress unless `host` is a public IP address in its usual form or a full name."""
    literal = _literal(host)
    if literal is not None:
        _refuse_address(literal)
    elif _NUMBER.fullmatch(host.rpartition(".")[2]):
        # Resolvers read these as IPv4 addresses in decimal, octal or hex.
        raise ForbiddenAddress(_("Write an IP address as four decimal numbers."))
    elif not _NAME.fullmatch(host) or host.endswith(LOCAL_SUFFIXES):
        raise ForbiddenAddress(_("Enter the full name of a public host."))


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _refuse_address(address: IPv4Address | IPv6Address) -> None:
    """Raise ForbiddenAddress unless the address is unicast on the public Internet."""
    is_public = address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)
    if isinstance(address, IPv6Address):
        is_public = is_public and address.scope_id is None and address in _PUBLIC_V6
    if not is_public or any(address in network for network in _REFUSED if network.version == address.version):
        raise ForbiddenAddress(_("This address is not on the public Internet."))


async def resolve(host: str, port: int) -> list[str]:
    """Return every address of a name. Raises OSError."""
    loop = asyncio.get_running_loop()
    rows = await loop.run_in_executor(_resolver, _getaddrinfo, host, port)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def _getaddrinfo(host: str, port: int) -> list[tuple[Any, ...]]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


async def _checked(target: Target) -> list[str]:
    """Return the addresses to connect to. One forbidden address refuses all, because their order is random."""
    try:
        addresses = await resolve(target.host, target.port)
    except (OSError, UnicodeError):
        raise TargetUnreachable(_("{host} cannot be found", host=target.host)) from None
    if not target.is_trusted:
        for address in addresses:
            _refuse_address(ip_address(address))
    if not addresses:
        raise TargetUnreachable(_("{host} has no address", host=target.host))
    return addresses[:MAX_ADDRESSES]


@cache
def _tls() -> ssl.SSLContext:
    """Return the TLS context. It is created once, because loading the CA certificates takes 20 ms."""
    return httpx.create_ssl_context(trust_env=False)


class _Pinned(httpx.AsyncBaseTransport):
    """A transport that connects to a checked address. The Host header and the TLS certificate use the name.

    Connections are not reused: one opened for a name must not serve another name of the same address.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        limits = httpx.Limits(max_keepalive_connections=0)
        self.inner = httpx.AsyncHTTPTransport(verify=_tls(), trust_env=False, limits=limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        failure: Exception = TargetUnreachable(f"{self.target.host} has no address")
        for address in await _checked(self.target):
            there = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions | {"sni_hostname": self.target.host},
            )
            try:
                return await self.inner.handle_async_request(there)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    async def aclose(self) -> None:
        await self.inner.aclose()


async def send(
    method: str, url: str, *, content: bytes = b"", headers: dict[str, str] | None = None, operators_host: str = ""
) -> Answer:
    """Send one request. Raises ForbiddenAddress, and TargetUnreachable when there was no response in time."""
    target = target_of(url, operators_host)
    began = monotonic()
    try:
        with call_span(method, target.url) as span:
            async with asyncio.timeout(TOTAL_S):
                answer = await _ask(target, method, content, (headers or {}) | trace_headers(), began)
            span.set_attribute("http.response.status_code", answer.status)
            return answer
    except TimeoutError:
        raise TargetUnreachable(
            _("{name} gave no answer within {total_s} seconds", name=target.name, total_s=f"{TOTAL_S:.0f}")
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TargetUnreachable(_("{name} cannot be reached ({error})", name=target.name, error=_why(error))) from None


async def _ask(target: Target, method: str, content: bytes, headers: dict[str, str], began: float) -> Answer:
    limits = httpx.Timeout(TOTAL_S, connect=CONNECT_S)
    client = httpx.AsyncClient(transport=_Pinned(target), timeout=limits, follow_redirects=False, trust_env=False)
    all_headers = {"Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close", **headers}
    async with client, client.stream(method, target.url, content=content, headers=all_headers) as answer:
        body = b""
        # Raw: what is packed small must not grow here.
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) > MAX_BYTES:
                break
        took = round((monotonic() - began) * 1000)
        is_cut, until = len(body) > MAX_BYTES, _certificate_until(answer)
        return Answer(answer.status_code, answer.headers, body[:MAX_BYTES], is_cut, took, until)


def _certificate_until(answer: httpx.Response) -> datetime | None:
    """Return when the certificate of this connection expires."""
    stream = answer.extensions.get("network_stream")
    tls = stream.get_extra_info("ssl_object") if stream else None
    end = (tls.getpeercert() or {}).get("notAfter") if tls else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(end)), UTC) if end else None


def _why(error: Exception) -> str:
    """Describe the error. A certificate error is named separately, because the owner of the site can fix it."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "its certificate is not valid"
    return type(error).__name__
