"""Problem details (RFC 9457): the JSON of every HTTP error, for FastAPI and for the ASGI edge in front of it."""

from http import HTTPStatus
from typing import Any

import orjson

from tca_app.core.errors import AppError, FieldError
from tca_app.core.telemetry.log import request_id_var

MEDIA_TYPE = "application/problem+json"


def problem_body(status: int, code: str, detail: str, errors: list[FieldError] | None = None) -> bytes:
    """Return the JSON of one problem. It contains no internals."""
    body: dict[str, Any] = {
        "type": f"urn:tca-infraforge:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id_var.get(),
    }
    if errors:
        body["errors"] = [{"pointer": _sendable(f.pointer), "detail": _sendable(f.detail)} for f in errors]
    return orjson.dumps(body)


def _sendable(text: str) -> str:
    """Replace lone surrogates in a field name of the caller, because UTF-8 cannot encode them."""
    return text.encode("utf-8", "replace").decode()


def problem_of(error: AppError) -> bytes:
    return problem_body(error.status, error.code, error.detail, error.errors)
