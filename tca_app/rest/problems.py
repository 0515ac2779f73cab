"""Problem details (RFC 9457): the JSON of every HTTP error, and its schema for the API documents."""

from http import HTTPStatus
from typing import Any

import orjson
from pydantic import BaseModel, Field

from tca_app.core.errors import AppError, FieldError
from tca_app.core.telemetry.log import request_id_var

MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    pointer: str = Field(description="A JSON pointer to the bad field.", examples=["/email"])
    detail: str


class SecondFactor(BaseModel):
    """What a sign-in still needs. A browser has the challenge as a cookie."""

    methods: list[str] = Field(examples=[["totp", "recovery_code"]])
    challenge: str | None = Field(default=None, description="Send it with the code; it works once.")
    expires_in: int | None = Field(default=None, description="Seconds until the challenge expires.")


class Problem(BaseModel):
    """RFC 9457. `code` is stable; `request_id` finds the call in the log."""

    type: str = Field(examples=["urn:tca-infraforge:problem:not_found"])
    title: str
    status: int
    detail: str
    code: str = Field(examples=["not_found"])
    request_id: str
    errors: list[FieldProblem] | None = None
    second_factor: SecondFactor | None = Field(
        default=None, description="With the code `second_factor_required` of a sign-in."
    )
    error: str | None = Field(
        default=None, description="With 400 of a token exchange: the error of RFC 6749, section 5.2."
    )
    error_description: str | None = None


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of a route for the OpenAPI document, which adds those common to all routes."""
    return {
        code: {
            "description": HTTPStatus(code).phrase,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for code in codes
    }


def problem_body(
    status: int, code: str, detail: str, errors: list[FieldError] | None = None, extra: dict[str, Any] | None = None
) -> bytes:
    """Return the JSON of one problem. It contains no internals."""
    body: dict[str, Any] = {
        "type": f"urn:tca-infraforge:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id_var.get(),
        **(extra or {}),
    }
    if errors:
        body["errors"] = [{"pointer": _sendable(f.pointer), "detail": _sendable(f.detail)} for f in errors]
    return orjson.dumps(body)


def _sendable(text: str) -> str:
    """Replace lone surrogates in a field name of the caller, because UTF-8 cannot encode them."""
    return text.encode("utf-8", "replace").decode()


def problem_of(error: AppError) -> bytes:
    return problem_body(error.status, error.code, error.detail, error.errors, error.extra)
