"""The API documents: OpenAPI, Swagger UI and ReDoc, served from local files.

In production only signed-in people may read them, because they list every call.
"""

import hashlib
import re
from base64 import b64encode
from pathlib import Path

import fastapi_offline
import orjson
from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from pydantic import BaseModel
from starlette.staticfiles import StaticFiles

from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading
from tca_app.core.errors import NotSignedIn
from tca_app.core.security.tokens import cookie_in, cookie_name
from tca_app.features.auth import service as auth
from tca_app.server.openapi import openapi_document

FILES = "/docs/files"


def add_documents(api: FastAPI, extra_schemas: list[type[BaseModel]]) -> None:
    """Add `/openapi.json`, `/docs` and `/redoc` to `api`."""
    api.openapi = lambda: openapi_document(api, extra_schemas)  # type: ignore[method-assign]
    api.mount(FILES, StaticFiles(directory=Path(fastapi_offline.__file__).parent / "static"))
    swagger = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=f"{api.title} - Swagger UI",
        swagger_js_url=f"{FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{FILES}/swagger-ui.css",
        swagger_favicon_url="/favicon.ico",
    )
    redoc = get_redoc_html(
        openapi_url="/openapi.json",
        title=f"{api.title} - ReDoc",
        redoc_js_url=f"{FILES}/redoc.standalone.js",
        redoc_favicon_url="/favicon.ico",
        with_google_fonts=False,
    )
    pages = {"/docs": _page(bytes(swagger.body)), "/redoc": _page(bytes(redoc.body))}

    async def document(request: Request) -> Response:
        await _readers_only(request)
        path = request.scope["path"]
        if path == "/openapi.json":
            return Response(orjson.dumps(api.openapi()), media_type="application/json")
        content, headers = pages[path]
        return Response(content, headers=headers, media_type="text/html")

    for path in ("/openapi.json", *pages):
        api.add_route(path, document, include_in_schema=False)


async def _readers_only(request: Request) -> None:
    if not get_settings().is_production:
        return
    async with reading() as session:
        if await auth.resolve_browser(session, cookie_in(request.headers.get("cookie", ""), cookie_name())) is None:
            raise NotSignedIn("Sign in to the console to read the API's documents.")


def _page(html: bytes) -> tuple[bytes, dict[str, str]]:
    """Return a page with its CSP. Inline styles are allowed because Swagger UI sets them; scripts need their hash."""
    hashes = " ".join(
        f"'sha256-{b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in re.findall(rb"<script>(.*?)</script>", html, re.DOTALL)
    )
    policy = (
        f"default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self'; worker-src blob:; base-uri 'none'; frame-ancestors 'none'"
    )
    return html, {"Content-Security-Policy": policy}
