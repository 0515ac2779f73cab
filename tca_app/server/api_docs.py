"""The API documents: OpenAPI, Swagger UI and ReDoc, served from local files.

In production only signed-in people may read them, because they list every call.
"""

from pathlib import Path

import fastapi_offline
import orjson
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from starlette.staticfiles import StaticFiles

from tca_app.server.openapi import openapi_document
from tca_app.server.pages.frame import html_page, readers_only

FILES = "/docs/files"
_TEMPLATES = {"/docs": "swagger.html", "/redoc": "redoc.html"}


def add_documents(api: FastAPI, extra_schemas: list[type[BaseModel]]) -> None:
    """Add `/openapi.json`, `/docs` and `/redoc` to `api`."""
    api.openapi = lambda: openapi_document(api, extra_schemas)  # type: ignore[method-assign]
    api.mount(FILES, StaticFiles(directory=Path(fastapi_offline.__file__).parent / "static"))

    async def document(request: Request) -> Response:
        await readers_only(request)
        path = request.scope["path"]
        if path == "/openapi.json":
            return Response(orjson.dumps(api.openapi()), media_type="application/json")
        return html_page(_TEMPLATES[path], files=FILES, here=path)

    for path in ("/openapi.json", *_TEMPLATES):
        api.add_route(path, document, include_in_schema=False)
