"""Looks at PUBLIC_URL from outside: certificate, reachability, live connection, address of the caller."""

import asyncio
import base64
import secrets
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx

from tca_app.config.settings import VERSION, get_settings
from tca_app.core.plurals import plural
from tca_app.features.health.probing.probes import CERTIFICATE_WARNING
from tca_app.server.doctor.findings import Finding, ok, problem, skipped

TIMEOUT_S = 10.0
FORGED = "192.0.2.77"  # of a documentation network (RFC 5737), so it is nobody's address
REACH = "Check DNS, firewall and proxy of PUBLIC_URL, and that a web process runs"


async def certificate() -> Finding:
    """Look at the TLS certificate of PUBLIC_URL: trusted, for this name, and not soon expired."""
    url = urlsplit(get_settings().public_url)
    if url.scheme != "https":
        return skipped("PUBLIC_URL is not https")
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, writer = await asyncio.open_connection(url.hostname, url.port or 443, ssl=ssl.create_default_context())
    except ssl.SSLCertVerificationError as error:
        return problem(
            f"the certificate is not accepted: {error.verify_message}",
            "Install one for this name with its chain in the proxy, from a CA that this machine trusts",
        )
    except (OSError, TimeoutError) as error:
        return problem(f"no TLS connection ({_words(error)})", REACH)
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(writer.get_extra_info("peercert")["notAfter"]), UTC)
    writer.close()
    left = until - datetime.now(UTC)
    detail = f"the certificate expires in {plural(left.days, 'day')}, on {until:%Y-%m-%d}"
    return problem(detail, "Renew it") if left < CERTIFICATE_WARNING else ok(detail)


async def reachable() -> Finding:
    """Look whether PUBLIC_URL leads to this console, and to which version."""
    try:
        async with _client() as client:
            found = await client.get("/api")
            version = found.json()["version"] if found.is_success else ""
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        return problem(f"PUBLIC_URL does not lead to the console ({_words(error)})", REACH)
    if found.status_code == 400:
        return problem("the console refuses the host name", "Add the host of PUBLIC_URL to ALLOWED_HOSTS")
    if not found.is_success:
        return problem(f"PUBLIC_URL answers HTTP {found.status_code}", REACH)
    if version != VERSION:
        mend = "Restart the processes that run another version, or run this with theirs"
        return problem(f"PUBLIC_URL is served by version {version}, and this is {VERSION}", mend)
    return ok(f"PUBLIC_URL leads to version {version}")


async def live_connection() -> Finding:
    """Look whether a websocket gets through everything in front of the console."""
    origin = get_settings().public_url
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": origin}
    headers |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key}
    try:
        async with _client() as client, client.stream("GET", _EVENT, headers=headers) as found:
            status = found.status_code
    except httpx.HTTPError as error:
        return problem(f"no live connection ({_words(error)})", REACH)
    if status == 101:
        return ok("a websocket gets through PUBLIC_URL")
    if status == 403:
        return problem("the console refuses the origin (HTTP 403)", "Set PUBLIC_URL to the URL that people open")
    return problem(
        f"the websocket does not get through (HTTP {status})",
        "Let the proxy pass `Upgrade` and `Connection` on for /_event, with HTTP/1.1 (deploy/nginx.conf)",
    )


async def caller_address() -> Finding:
    """Look whether X-Forwarded-For arrives, is trusted, and cannot be forged."""
    token, hops = get_settings().metrics_token.get_secret_value(), get_settings().trusted_proxy_hops
    if not token:
        return skipped("X-Forwarded-For is looked at with METRICS_TOKEN, which is not set")
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with _client() as client:
            plain = await client.get("/health", headers=headers)
            forged = await client.get("/health", headers={**headers, "X-Forwarded-For": FORGED})
    except httpx.HTTPError as error:
        return problem(f"PUBLIC_URL does not answer ({_words(error)})", REACH)
    if "X-Client-Address" not in plain.headers or "X-Client-Address" not in forged.headers:
        return problem("the console does not accept this METRICS_TOKEN", "Use the settings of the web processes here")
    arrived = int(plain.headers.get("X-Forwarded-Count", "0"))
    if forged.headers["X-Client-Address"] == FORGED:
        return problem(
            "a caller can choose their address with X-Forwarded-For",
            f"TRUSTED_PROXY_HOPS is {hops}, more than the proxies there are: lower it, or let the proxy overwrite "
            "the header",
        )
    if arrived < hops:
        return problem(
            f"X-Forwarded-For arrives with {plural(arrived, 'address', 'addresses')}, and TRUSTED_PROXY_HOPS is {hops}",
            "Let the proxy set X-Forwarded-For, or lower TRUSTED_PROXY_HOPS to the number of proxies",
        )
    if arrived and not hops:
        return problem(
            "a proxy sets X-Forwarded-For, and TRUSTED_PROXY_HOPS is 0: all people share its address and its limits",
            f"Set TRUSTED_PROXY_HOPS to {arrived}",
        )
    return ok(f"the console sees this machine as {plain.headers['X-Client-Address']}; is that its address?")


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=get_settings().public_url, timeout=TIMEOUT_S)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


_EVENT = "/_event/?EIO=4&transport=websocket"
