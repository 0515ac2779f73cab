"""REST responses: an item with its ETag, and a page with its total and links."""

from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from fastapi import Request, Response
from pydantic import BaseModel, TypeAdapter

from tca_app.core.database.pagination import Page

T = TypeVar("T")


def json_response(content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return JSON that pydantic has serialized. FastAPI would validate and serialize every row a second time."""
    return Response(content, status, headers, media_type="application/json")


def item_headers(item: BaseModel) -> dict[str, str]:
    """Return the version of an item as its ETag. A `version` of text is a name, not a version of the row."""
    version = getattr(item, "version", None)
    return {"ETag": f'"{version}"'} if isinstance(version, int) else {}


def item_response(item: BaseModel) -> Response:
    return json_response(item.__pydantic_serializer__.to_json(item), headers=item_headers(item))


def page_response(request: Request, page: Page[T], adapter: TypeAdapter[list[T]], skip: int, limit: int) -> Response:
    """Return a page as a JSON list, with `X-Total-Count` and `Link` (RFC 8288). A capped total is marked."""
    headers = {"X-Total-Count": str(page.total)}
    if page.capped:
        headers["X-Total-Count-Capped"] = "true"
    if links := _links(request, page.total, page.capped, skip, limit):
        headers["Link"] = links
    return json_response(adapter.dump_json(page.items), headers=headers)


def next_link(request: Request, cursor: int) -> dict[str, str]:
    """Return the `Link` header of a cursor list, to the rows after the id `cursor`."""
    query = [(name, value) for name, value in parse_qsl(request.url.query) if name != "cursor"]
    return {"Link": f'<{request.scope["path"]}?{urlencode([*query, ("cursor", cursor)])}>; rel="next"'}


def _links(request: Request, total: int, capped: bool, skip: int, limit: int) -> str:
    last = max(0, (total - 1) // limit * limit)
    offsets = {"first": 0}
    if skip > 0:
        offsets["prev"] = max(0, skip - limit)
    if skip + limit < total or capped:
        offsets["next"] = skip + limit
    if not capped:
        offsets["last"] = last
    query = [(k, v) for k, v in parse_qsl(request.url.query) if k not in ("skip", "limit")]
    path = request.scope["path"]
    return ", ".join(
        f'<{path}?{urlencode([*query, ("skip", at), ("limit", limit)])}>; rel="{rel}"' for rel, at in offsets.items()
    )
