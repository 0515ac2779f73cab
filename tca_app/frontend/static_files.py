"""Serves the built front end, with compressed copies, cache headers and a Content-Security-Policy per page."""

import json
import mimetypes
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from reflex.route import get_router
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from tca_app.core.language.choice import browser_language
from tca_app.core.security.tokens import cookie_in, cookie_name
from tca_app.frontend.build import PAGES_ARE_BUILT, WEB
from tca_app.frontend.bundle import SCRIPT_HASHES
from tca_app.ui.routes import sign_in

IMMUTABLE = "public, max-age=31536000, immutable"  # the name changes with the content
REVALIDATE = "no-cache"
ENCODINGS = {"br": ".br", "gzip": ".gz"}
SHELL = "__spa-fallback.html"  # draws the pages whose path has a parameter
NOT_FOUND = "404.html"  # the same with a title


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


def with_pages(reflex: ASGIApp, needs_sign_in: Callable[[str], bool]) -> ASGIApp:
    """Return Reflex behind the built pages, or Reflex alone when another server serves the pages."""
    return FrontendFiles(reflex, WEB, needs_sign_in) if os.environ.get(PAGES_ARE_BUILT) else reflex


class FrontendFiles(StaticFiles):
    """ASGI application: serves the built pages and assets, and passes Reflex's own paths and the websocket on.

    A browser without a session cookie goes from a page that needs one to the sign-in page at once. The cookie is not
    checked here: Gate does that before the page gets any data.
    """

    def __init__(self, reflex: ASGIApp, web: Path, needs_sign_in: Callable[[str], bool]) -> None:
        self.client = (web / "build" / "client").resolve()
        super().__init__(directory=self.client)
        self.reflex = reflex
        self.needs_sign_in = needs_sign_in
        self.hashes: dict[str, list[str]] = json.loads((web / SCRIPT_HASHES).read_text())
        self.route_of: Callable[[str], str | None] = get_router(json.loads((web / "routes.json").read_text()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or path.startswith("/_") or path == "/ping":
            await self.reflex(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            await Response(status_code=405, headers={"Allow": "GET, HEAD"})(scope, receive, send)
        elif self._is_for_others(scope):
            query = scope.get("query_string", b"").decode("latin-1")
            here = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
            await RedirectResponse(sign_in(here), 302, {"Cache-Control": "no-store"})(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def _is_for_others(self, scope: Scope) -> bool:
        """Return True for a page that needs a session, asked for by a browser that has none."""
        if cookie_in(Headers(scope=scope).get("cookie", ""), cookie_name()):
            return False
        route = self.route_of(scope["path"])
        return route is not None and self.needs_sign_in(route)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return an asset or prerendered page, the shell or "page not found".

        `html=True` would redirect `/login` to `/login/`.
        """
        for name in (path, f"{path}.html", f"{path}/index.html"):
            try:
                return await super().get_response(name, scope)
            except HTTPException:
                continue
        return await super().get_response(SHELL if self._is_page(scope["path"]) else NOT_FOUND, scope)

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        path, request = Path(full_path), Headers(scope=scope)
        name = path.relative_to(self.client).as_posix()
        if name == NOT_FOUND:
            status_code = 404
        headers = {"Cache-Control": IMMUTABLE if path.parent == self.client / "assets" else REVALIDATE}
        headers["Vary"] = "Accept-Encoding"
        if name.endswith(".html"):
            headers["Content-Security-Policy"] = page_policy(self.hashes[name])
            headers["Vary"] = "Accept-Encoding, Accept-Language, Cookie"
            path = _in_language(path, browser_language(request.get("cookie", ""), request.get("accept-language", "")))
            stat_result = path.stat()
        copies = {kind: copy for kind, suffix in ENCODINGS.items() if (copy := Path(f"{path}{suffix}")).exists()}
        encoding = _preferred(request.get("accept-encoding", ""), copies)
        if encoding:
            headers["Content-Encoding"] = encoding
            path, stat_result = copies[encoding], copies[encoding].stat()
        response = FileResponse(path, status_code, headers, _media_type(name), stat_result=stat_result)
        if status_code == 200 and self.is_not_modified(response.headers, request):
            del response.headers["Content-Length"]
            # Starlette's own 304 has no policy, and the browser would replace that of the page with the edge's.
            return Response(status_code=304, headers=response.headers)
        return response

    def _is_page(self, path: str) -> bool:
        """Return True for a page of the app that the shell draws."""
        route = self.route_of(path)
        return route is not None and route != "404" and (route != "index" or path == "/")


def _in_language(page: Path, language: str) -> Path:
    """Return the page in the language, or the English one."""
    translated = page.with_name(f"{page.name}.{language}")
    return translated if translated.exists() else page


def _media_type(name: str) -> str:
    return "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0] or "application/octet-stream"


def _preferred(accepted: str, encodings: Iterable[str]) -> str:
    """Return the best encoding that the client accepts. q=0 excludes one."""
    quality = {}
    for entry in accepted.lower().split(","):
        name, _, parameter = entry.partition(";")
        quality[name.strip()] = parameter.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return next((name for name in encodings if quality.get(name, quality.get("*", False))), "")
