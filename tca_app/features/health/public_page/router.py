"""The public status page, as HTML, as JSON and as a feed, and its badges."""

from typing import Annotated, Any

from fastapi import Query, Request, Response

from tca_app.core.errors import NotFound, Unavailable
from tca_app.core.language.messages import N_
from tca_app.core.language.visitor import Visitor
from tca_app.core.security.rate_limits import get_limits
from tca_app.features.health.public_page import badge, feed
from tca_app.features.health.public_page.page import CSP, Page, public_pages, render
from tca_app.features.health.public_page.schemas import PublicRead
from tca_app.rest.dependencies import FromClient
from tca_app.rest.problems import problems
from tca_app.rest.routing import console_router
from tca_app.rest.visitors import FromVisitor, in_language

router = console_router("/status", "health")
HTML = "text/html; charset=utf-8"
_PAGE: dict[str, Any] = {"content": {"text/html": {"schema": {"type": "string"}}}}
_UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "Not modified."}}
_HTML: dict[int | str, dict[str, Any]] = {
    200: {"description": "The page."} | _PAGE,
    404: {"description": "The public page is disabled."} | _PAGE,
    503: {"description": "The status is temporarily unavailable."} | _PAGE,
}

_FEED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The feed.", "content": {"application/atom+xml": {"schema": {"type": "string"}}}}
}
_BADGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The badge.", "content": {badge.MEDIA_TYPE: {"schema": {"type": "string"}}}}
}


@router.get("/public", response_class=Response, responses=_HTML | _UNCHANGED)
async def read_page(request: Request, client: FromClient, visitor: FromVisitor) -> Response:
    """Read the public page as HTML: no sign-in, no scripts. 404 unless the instance settings enable it."""
    await get_limits().refuse_excess("api", f"address:{client.ip}")
    try:
        return in_language(_answer(request, (await public_pages()).html(visitor), HTML), visitor)
    except NotFound:
        return _refusal(visitor, 404, N_("This console has no public status page."))
    except Unavailable as error:
        text = N_("The status is temporarily unavailable. Try again in a minute.")
        return _refusal(visitor, 503, text, error.headers)


@router.get("/public.json", response_model=PublicRead, responses=problems(404) | _UNCHANGED)
async def read_json(request: Request, client: FromClient) -> Response:
    """Read the public page as JSON."""
    await get_limits().refuse_excess("api", f"address:{client.ip}")
    return _answer(request, (await public_pages()).json, "application/json")


@router.get("/feed.xml", response_class=Response, responses=_FEED | problems(404) | _UNCHANGED)
async def read_feed(request: Request, client: FromClient, visitor: FromVisitor) -> Response:
    """Read the public incidents as an Atom feed: those that are open, and those of the last 30 days."""
    await get_limits().refuse_excess("api", f"address:{client.ip}")
    return in_language(_answer(request, (await public_pages()).feed(visitor), feed.MEDIA_TYPE), visitor)


@router.get("/badge.svg", response_class=Response, responses=_BADGE | problems(404) | _UNCHANGED)
async def read_badge(
    request: Request,
    client: FromClient,
    visitor: FromVisitor,
    component: Annotated[
        str, Query(max_length=255, description="The name of a component; without it the badge is of the whole page.")
    ] = "",
) -> Response:
    """Read the state as an SVG image, for a README for example. 404 for a component that is not on the page."""
    await get_limits().refuse_excess("api", f"address:{client.ip}")
    pages = await public_pages()
    page = pages.component_badge(component, visitor) if component else pages.badge(visitor)
    response = in_language(_answer(request, page, badge.MEDIA_TYPE), visitor)
    response.headers["Content-Security-Policy"] = badge.CSP
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # pages of others embed it
    return response


def _answer(request: Request, page: Page, media_type: str) -> Response:
    headers = {"ETag": page.etag, "Cache-Control": "public, max-age=15", "Content-Security-Policy": CSP}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if page.etag in known:
        return Response(status_code=304, headers=headers)
    return Response(page.content, headers=headers, media_type=media_type)


def _refusal(visitor: Visitor, status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    content = render("public_refusal.html", visitor, text=text)
    response = Response(content, status, {"Content-Security-Policy": CSP} | (headers or {}), media_type=HTML)
    return in_language(response, visitor)
