"""The ASGI edge in front of REST and UI: hosts, origins, sizes, request id, security headers and routing.

It is pure ASGI around everything, including websockets and static files, so that no request bypasses it.
"""

import re
import secrets
from collections import Counter
from contextlib import nullcontext
from time import perf_counter
from typing import Any

import structlog
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tca_app.config.schema import Settings
from tca_app.core.actor import client_ip_var
from tca_app.core.errors import (
    AppError,
    BadRequest,
    Forbidden,
    HeadersTooLarge,
    PayloadTooLarge,
    UnsupportedMediaType,
    UriTooLong,
)
from tca_app.core.language.choice import browser_language
from tca_app.core.language.messages import ENGLISH, _, speak
from tca_app.core.security.tokens import cookie_in, cookie_name
from tca_app.core.telemetry.error_reporting import report
from tca_app.core.telemetry.log import request_id_var, user_id_var
from tca_app.core.telemetry.metrics import UNMATCHED_ROUTE, note_request
from tca_app.core.telemetry.sampling import SampledLog
from tca_app.features.auth.service import Client
from tca_app.features.health.schemas import Live
from tca_app.rest.bodies import max_body
from tca_app.rest.problems import MEDIA_TYPE, problem_of
from tca_app.rest.responses import json_response
from tca_app.rest.spans import note_response, request_span

log = structlog.get_logger("tca_app.http")
sampled = SampledLog("tca_app.http")

API_PATHS = (
    "/api",
    "/health",
    "/metrics",
    "/docs",
    "/redoc",
    "/openapi.json",
    "/guide",
    "/manifest.webmanifest",
    "/status/public",
    "/status/public.json",
    "/status/feed.xml",
    "/status/badge.svg",
)
LIVE = "/health/live"  # polled every second by monitors, so it is answered here, without dependencies or a log line
# Served for any Host, because probes and Prometheus address a replica by IP. None of these accepts a cookie, so DNS
# rebinding reveals nothing that is not public anyway.
ANY_HOST = (LIVE, "/health/ready", "/metrics")
MAX_HEADERS, HEADER_OVERHEAD = 16 * 1024, 4  # `: ` and the end of the line
MAX_TARGET = 8 * 1024
ONE_VALUE = (b"host", b"origin", b"authorization", b"content-type", b"content-length", b"idempotency-key", b"if-match")
# Of a proxy: a UUID, or the hex digits of nginx. Ids that begin with job- are those of jobs.
REQUEST_ID = re.compile(r"(?!job-)[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
MAX_DIGITS = 12  # of a Content-Length
WRITES = ("POST", "PUT", "PATCH")
# Forms of the public pages, which no other site may send for a visitor.
PUBLIC_FORMS = ("/status/public/subscribe", "/status/public/confirm")
FORM_CALLS = ("/api/auth/token", "/api/auth/token-exchange", *PUBLIC_FORMS)
ONE_CLICK = "/status/public/unsubscribe"  # mail programs send either kind of form (RFC 8058), and none is read
# What a cookie authorizes, or what sets one.
COOKIE_CALLS = (
    "/api/auth/session",
    "/api/auth/setup",
    "/api/auth/password/change",
    "/api/auth/email/confirm",
    "/api/auth/invitations/accept",
    "/api/auth/invitations/join",
    "/api/v1/instance/logo",
    "/api/v1/users/me/picture",
    "/api/v1/imports",
)
OUR_PAGES = b"tca-console"  # X-Requested-With of what our pages send
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()"


class Edge:
    """Sends `/api`, `/health`, the public page and the API documents to FastAPI and everything else to Reflex."""

    def __init__(self, api: ASGIApp, ui: ASGIApp, settings: Settings, page_csp: str) -> None:
        self.api = api
        # Under `reflex run` page and API use different ports.
        self.rest = CORSMiddleware(
            self._rest,
            allow_origins=settings.allowed_origins,
            allow_credentials=True,
            allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "X-Requested-With"),
            expose_headers=("ETag", "Link", "Location", "Retry-After", "X-Request-Id", "X-Total-Count"),
        )
        self.live = json_response(Live().model_dump_json().encode())
        self.ui = ui
        self.hosts = {host.lower() for host in settings.allowed_hosts}
        self.origins = set(settings.allowed_origins)
        self.hops = settings.trusted_proxy_hops
        self.device_cookie = cookie_name("device")
        always = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"permissions-policy", PERMISSIONS.encode()),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
        ]
        if settings.secure_cookies:
            always.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))
        self.page_headers = [*always, (b"x-frame-options", b"DENY"), (b"content-security-policy", page_csp.encode())]
        self.api_headers = [
            *always,
            (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
            (b"cache-control", b"no-store"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        if scope["type"] == "lifespan":
            await self.ui(scope, receive, send)
        elif scope["type"] == "http":
            path = scope["path"].rstrip("/")
            # Pages are files, and probes come every few seconds.
            with request_span(scope, self.hops) if _is_api(path) and path not in ANY_HOST else nullcontext():
                await self._http(scope, headers, receive, send)
        elif refusal := self._refusal(scope, headers):
            await send({"type": "websocket.close", "code": 1008, "reason": refusal.detail})
        else:
            scope["client_info"] = self._client(scope, headers, request_id="")
            await self.ui(scope, receive, send)

    async def _http(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send) -> None:
        request_id = self._request_id(headers)
        mark, nobody = request_id_var.set(request_id), user_id_var.set(None)
        is_api = _is_api(scope["path"])
        extra = [*(self.api_headers if is_api else self.page_headers), (b"x-request-id", request_id.encode())]
        status, started = 500, perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                present = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(h for h in extra if h[0] not in present)]
            await send(message)

        try:
            if refusal := self._refusal(scope, headers):
                await refuse(send_with_headers, refusal)
            elif scope["path"] == LIVE and scope["method"] in ("GET", "HEAD"):
                await self.live(scope, receive, send_with_headers)
            elif not is_api:
                await self.ui(scope, receive, send_with_headers)
            else:
                client = scope["client_info"] = self._client(scope, headers, request_id)
                client_ip_var.set(client.ip)
                speak(_language(headers))
                await self.rest(scope, receive, send_with_headers)
        finally:
            took, path = perf_counter() - started, scope["path"]
            note_request(_template(scope) if is_api else "pages", scope["method"], status, took)
            if is_api and path != LIVE:
                note_response(scope, _template(scope), status, request_id)
                log.info("request", method=scope["method"], path=path, status=status, ms=round(took * 1e3, 1))
            request_id_var.reset(mark)
            user_id_var.reset(nobody)

    def _request_id(self, headers: dict[bytes, bytes]) -> str:
        """Return the id that the trusted proxy gave, so that its log and this one agree, or a new one.

        Anybody else could give all their requests one id, or that of someone else.
        """
        given = headers.get(b"x-request-id", b"").decode("latin-1") if self.hops else ""
        return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)

    async def _rest(self, scope: Scope, receive: Receive, send: Send) -> None:
        if refusal := self._api_refusal(scope, dict(scope["headers"])):
            await refuse(send, refusal)
            return
        scope["path"] = scope["path"].rstrip("/")
        try:
            await self.api(scope, receive, send)
        except Exception as error:
            # Starlette has sent a problem 500 and re-raises for the server's log; this log line has the request id.
            log.exception("unexpected_error", path=scope["path"])
            report(error, "rest", f"{scope['method']} {_template(scope)}")

    def _client(self, scope: Scope, headers: dict[bytes, bytes], request_id: str) -> Client:
        return Client(
            ip=self.address(scope, headers),
            user_agent=headers.get(b"user-agent", b"").decode("latin-1"),
            request_id=request_id,
            device=cookie_in(headers.get(b"cookie", b"").decode("latin-1"), self.device_cookie),
        )

    def _refusal(self, scope: Scope, headers: dict[bytes, bytes]) -> AppError | None:
        """Check sizes, repeated headers and the host of every request, and the origin of the live connection."""
        if len(scope.get("raw_path") or b"") + len(scope.get("query_string", b"")) > MAX_TARGET:
            return UriTooLong()
        if sum(len(name) + len(value) + HEADER_OVERHEAD for name, value in scope["headers"]) > MAX_HEADERS:
            return HeadersTooLarge()
        if len(headers) != len(scope["headers"]) and (name := _repeated(scope["headers"])):
            return BadRequest(f"The header {name} is given more than once.")
        host = headers.get(b"host", b"").decode("latin-1")
        if scope["path"].rstrip("/") not in ANY_HOST and not self._host_is_ours(host):
            sampled.warning("http.host_refused", host=host, setting="ALLOWED_HOSTS")
            return BadRequest("This host name is not served. Check ALLOWED_HOSTS.")
        origin = headers.get(b"origin", b"").decode("latin-1")
        if scope["path"].startswith("/_event") and origin not in self.origins:
            _log_refusal(origin)
            return Forbidden("This origin may not open a live connection.")
        return None

    def _host_is_ours(self, host: str) -> bool:
        name = host.lower()
        if not name.endswith("]"):
            name = name.rpartition(":")[0] or name
        return "*" in self.hosts or name in self.hosts

    def _api_refusal(self, scope: Scope, headers: dict[bytes, bytes]) -> AppError | None:
        length = headers.get(b"content-length", b"")
        limit = max_body(scope["path"])
        if length and (not length.isdigit() or len(length) > MAX_DIGITS or int(length) > limit):
            return PayloadTooLarge.above(limit)
        has_body = length not in (b"", b"0") or b"transfer-encoding" in headers
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        expected = b"application/x-www-form-urlencoded" if scope["path"] in FORM_CALLS else b"application/json"
        if scope["method"] in WRITES and has_body and kind != expected and scope["path"] != ONE_CLICK:
            return UnsupportedMediaType(f"Send the body as {expected.decode()}.")
        is_form = scope["path"].startswith(("/api/auth/oauth/", *PUBLIC_FORMS)) and scope["method"] in WRITES
        if is_form or scope["path"].startswith(COOKIE_CALLS):
            return self._foreign_page(headers)
        return None

    def _foreign_page(self, headers: dict[bytes, bytes]) -> AppError | None:
        """Refuse a cross-site request that a cookie may authorise (CSRF)."""
        origin = headers.get(b"origin")
        if origin is not None:
            ours = origin.decode("latin-1") in self.origins
        else:
            ours = headers.get(b"sec-fetch-site", b"none") in (b"same-origin", b"none")
        if ours:
            return None
        _log_refusal(origin.decode("latin-1") if origin is not None else "")
        return Forbidden(_("This call must come from the console's own pages."))

    def address(self, scope: Scope, headers: dict[bytes, bytes]) -> str:
        """Return the client address as seen by the last trusted proxy, never as claimed by the client."""
        peer = scope["client"][0] if scope.get("client") else ""
        if not self.hops:
            return peer
        chain = [part.strip() for part in headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")]
        return chain[-self.hops] if len(chain) >= self.hops and chain[-self.hops] else peer


def _language(headers: dict[bytes, bytes]) -> str:
    """Return the language of the person at a page of the console. What scripts read is English."""
    if headers.get(b"x-requested-with") != OUR_PAGES:
        return ENGLISH
    return browser_language(*(headers.get(name, b"").decode("latin-1") for name in (b"cookie", b"accept-language")))


def _repeated(headers: list[tuple[bytes, bytes]]) -> str:
    """Return the name of a repeated single-value header, or "". Parsers differ in which value they use."""
    counts = Counter(name for name, _ in headers)
    return next((name.decode() for name in ONE_VALUE if counts[name] > 1), "")


def _log_refusal(origin: str) -> None:
    """Log a refused origin with the setting to change, because behind a new host name or proxy nobody can sign in."""
    what = "set PUBLIC_URL to the URL that people open, or add the origin to ALLOWED_ORIGINS"
    sampled.warning("http.origin_refused", origin=origin or "none", what_to_do=what)


def _is_api(path: str) -> bool:
    return any(path == root or path.startswith(root + "/") for root in API_PATHS)


def _template(scope: Scope) -> str:
    """Return the route template, or a constant without one, so that a caller cannot create a new metric label."""
    if scope["path"] == LIVE:
        return LIVE
    return getattr(scope.get("route"), "path_format", UNMATCHED_ROUTE)


async def refuse(send: Send, error: AppError) -> None:
    body = problem_of(error)
    headers: list[Any] = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    await send({"type": "http.response.start", "status": int(error.status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
