"""Serves the built front end from memory, with compression, cache headers and a Content-Security-Policy per page."""

import hashlib
import json
import mimetypes
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from reflex.route import get_router
from starlette.types import ASGIApp, Receive, Scope, Send

from tca_app.frontend.build import PAGES_ARE_BUILT, WEB
from tca_app.frontend.bundle import COPIES, SCRIPT_HASHES

FOREVER = b"public, max-age=31536000, immutable"  # the name changes with the content
ASK_FIRST = b"no-cache"
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))


def page_policy(script_hashes: list[str]) -> str:
    """Return the Content-Security-Policy of a page with these inline scripts.

    `eval` is not allowed, so a handler must not send `rx.toast` or `rx.call_script`; see docs/decisions/0013.
    """
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self'", *script_hashes)),
            "style-src 'self' 'unsafe-inline'",
            "connect-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            "frame-ancestors 'none'",
        )
    )


def with_pages(reflex: ASGIApp) -> ASGIApp:
    """Return Reflex behind the built pages, or Reflex alone when another server serves the pages."""
    return FrontendFiles(reflex, WEB) if os.environ.get(PAGES_ARE_BUILT) else reflex


@dataclass(frozen=True, slots=True)
class _File:
    headers: list[tuple[bytes, bytes]]
    etag: bytes
    plain: bytes
    encoded: dict[str, bytes] = field(default_factory=dict)


class FrontendFiles:
    """ASGI application: serves the built pages and assets, and passes Reflex's own paths and the websocket on."""

    def __init__(self, reflex: ASGIApp, web: Path) -> None:
        client = web / "build" / "client"
        hashes: dict[str, list[str]] = json.loads((web / SCRIPT_HASHES).read_text())
        self.reflex = reflex
        self.files = {
            "/" + path.relative_to(client).as_posix(): _load(path, client, hashes)
            for path in client.rglob("*")
            if path.is_file() and path.suffix not in COPIES
        }
        self.route_of: Callable[[str], str | None] = get_router(json.loads((web / "routes.json").read_text()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or path.startswith("/_") or path == "/ping":
            await self.reflex(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            await _answer(send, 405, [(b"allow", b"GET, HEAD"), (b"content-type", b"text/plain")], b"")
        else:
            status, file = self._find(path)
            await _send_file(scope, send, status, file)

    def _find(self, path: str) -> tuple[int, _File]:
        """Return a prerendered page or asset, or the shell: with 200 for a page of the app, otherwise 404."""
        bare = path.rstrip("/")
        for name in (path, f"{bare}.html", f"{bare}/index.html"):
            if name in self.files:
                return (404 if name == "/404.html" else 200), self.files[name]
        route = self.route_of(path)
        known = route is not None and route != "404" and not (route == "index" and bare)
        return (200 if known else 404), self.files["/404.html"]


def _load(path: Path, client: Path, hashes: dict[str, list[str]]) -> _File:
    plain = path.read_bytes()
    kind = (
        "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    )
    if kind.startswith("text/"):
        kind += "; charset=utf-8"
    etag = f'"{hashlib.sha256(plain).hexdigest()[:24]}"'.encode()
    hashed = path.parent == client / "assets"
    headers = [
        (b"content-type", kind.encode()),
        (b"cache-control", FOREVER if hashed else ASK_FIRST),
        (b"vary", b"Accept-Encoding"),
    ]
    if path.suffix == ".html":
        headers.append((b"content-security-policy", page_policy(hashes[path.relative_to(client).as_posix()]).encode()))
    encoded = {name: path.with_name(path.name + suffix) for name, suffix in ENCODINGS}
    return _File(headers, etag, plain, {name: file.read_bytes() for name, file in encoded.items() if file.exists()})


async def _send_file(scope: Scope, send: Send, status: int, file: _File) -> None:
    asked = dict(scope["headers"])
    encoding = _preferred(asked.get(b"accept-encoding", b"").decode("latin-1"), file)
    etag = file.etag if not encoding else file.etag[:-1] + f'-{encoding}"'.encode()
    headers = [*file.headers, (b"etag", etag)]
    if encoding:
        headers.append((b"content-encoding", encoding.encode()))
    known = [tag.strip().removeprefix(b"W/") for tag in asked.get(b"if-none-match", b"").split(b",")]
    if status == 200 and etag in known:
        await _answer(send, 304, headers, None)
        return
    body = file.encoded[encoding] if encoding else file.plain
    await _answer(send, status, headers, body, head=scope["method"] == "HEAD")


def _preferred(accepted: str, file: _File) -> str:
    """Return the best encoding that the client accepts. q=0 excludes one."""
    quality = {}
    for entry in accepted.lower().split(","):
        name, _, parameter = entry.partition(";")
        quality[name.strip()] = parameter.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return next((name for name in file.encoded if quality.get(name, quality.get("*", False))), "")


async def _answer(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes | None, *, head: bool = False
) -> None:
    length = [] if body is None else [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": b"" if head or body is None else body})
