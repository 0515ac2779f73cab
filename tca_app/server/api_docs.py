"""The API documents: OpenAPI, Swagger UI and ReDoc, served from local files.

In production only signed-in people may read them, because they list every call.
"""

import hashlib
import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import fastapi_offline
import orjson
from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from starlette.staticfiles import StaticFiles

from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading
from tca_app.core.errors import NotSignedIn
from tca_app.core.security.tokens import cookie_in, cookie_name
from tca_app.features.auth import service as auth
from tca_app.rest.problems import problems
from tca_app.rest.routing import TOKEN_SCOPE

FILES = "/docs/files"


def add_documents(api: FastAPI, extra_schemas: list[type[BaseModel]]) -> None:
    """Add `/openapi.json`, `/docs` and `/redoc` to `api`."""
    api.openapi = lambda: _openapi(api, extra_schemas)  # type: ignore[method-assign]
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


def _openapi(api: FastAPI, extra_schemas: list[type[BaseModel]]) -> dict[str, Any]:
    if api.openapi_schema is None:
        schema = get_openapi(
            title=api.title, version=api.version, description=api.description, routes=api.routes, tags=api.openapi_tags
        )
        schemas = schema["components"]["schemas"]
        schema["components"]["securitySchemes"]["password"] = _PASSWORD_FORM
        for model in extra_schemas:
            whole = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(whole.pop("$defs", {}))
            schemas[model.__name__] = whole
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for operation in (op for path in schema["paths"].values() for op in path.values()):
            _complete(operation)
        api.openapi_schema = schema
    return api.openapi_schema


# "Authorize" in `/docs` asks for a username and password and fetches the bearer token.
_PASSWORD_FORM = {"type": "oauth2", "flows": {"password": {"scopes": {}, "tokenUrl": "/api/auth/token"}}}


def _complete(operation: dict[str, Any]) -> None:
    """Add the responses common to all calls, and to all calls with a body. 422 has the console's schema."""
    operation["responses"].pop("422", None)
    scope = operation.pop(TOKEN_SCOPE, None)
    if "security" in operation:
        operation["security"].append({"password": []})
        operation["responses"].setdefault("403", problems(403)[403])
        operation[TOKEN_SCOPE] = scope
        words = "API tokens are refused." if scope == "session" else f"API tokens need the scope `{scope}`."
        operation["description"] = f"{operation.get('description', '')}\n\n{words}".strip()
    for code in (400, 414, 422, 429, 431, 503, *((413, 415) if "requestBody" in operation else ())):
        operation["responses"].setdefault(str(code), problems(code)[code])
