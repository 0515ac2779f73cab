"""Responses with an image, which browsers keep by the hash in its URL."""

from typing import Any

from fastapi import Request, Response

CSP = "default-src 'none'; sandbox"
IMAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The image.", "content": {"image/png": {}, "image/webp": {}}},
    304: {"description": "Not modified."},
}


def image_response(
    request: Request, content: bytes, media_type: str, digest: str, *, asked: str, is_public: bool
) -> Response:
    """Return the image, or 304. Only under the hash that it has, which was `asked` for, it may be kept unasked."""
    scope = "public, " if is_public else "private, "
    cache = f"{scope}max-age=31536000, immutable" if asked == digest else f"{'' if is_public else scope}no-cache"
    headers = {"ETag": f'"{digest}"', "Cache-Control": cache, "Content-Security-Policy": CSP}
    if request.headers.get("if-none-match", "") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)
