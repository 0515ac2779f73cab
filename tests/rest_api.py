"""The REST side and its OpenAPI document, built once a process for the tests that only read them."""

from functools import cache
from typing import Any

from fastapi import FastAPI

from tca_app.server.api import build_api


@cache
def rest_api() -> FastAPI:
    return build_api()


@cache
def document() -> dict[str, Any]:
    return rest_api().openapi()
