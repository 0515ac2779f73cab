"""The visitor of a page for strangers: the language that the URL names, or the browser."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from tca_app.core.language.visitor import Visitor, visitor_for

VARY = "Accept-Language, Cookie"
Language = Annotated[
    str, Query(max_length=10, description="The language, `en` or `de`; by default that of the browser.")
]


async def _visitor_of(request: Request, language: Language = "") -> Visitor:
    headers = request.headers
    return visitor_for(language, headers.get("cookie", ""), headers.get("accept-language", ""))


FromVisitor = Annotated[Visitor, Depends(_visitor_of)]


def in_language(response: Response, visitor: Visitor) -> Response:
    """Add the headers by which caches know that the response depends on the language."""
    response.headers["Vary"], response.headers["Content-Language"] = VARY, visitor.language
    return response
