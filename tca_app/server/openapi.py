"""The OpenAPI document: what FastAPI writes, completed so that clients can be generated from it."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel

from tca_app.config.settings import get_settings
from tca_app.rest.problems import problems
from tca_app.rest.routing import TOKEN_SCOPE
from tca_app.server.openapi_examples import complete_examples

# "Authorize" in `/docs` asks for a username and password and fetches the bearer token.
_PASSWORD_FORM = {"type": "oauth2", "flows": {"password": {"scopes": {}, "tokenUrl": "/api/auth/token"}}}
_LICENSE = {"name": "MIT", "identifier": "MIT"}
_TEXT = {"type": "string"}
HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "The version, for `If-Match`.", "schema": _TEXT},
    "Link": {"description": "The URLs of other pages (RFC 8288): first, prev, next, last.", "schema": _TEXT},
    "Location": {"description": "The path of what was created, where it has one.", "schema": _TEXT},
    "Retry-After": {"description": "Seconds to wait before the next attempt.", "schema": _TEXT},
    "X-Total-Count": {"description": "The number of rows of all pages.", "schema": _TEXT},
    "X-Total-Count-Capped": {"description": "`true`: there are more rows than the total says.", "schema": _TEXT},
}


def operation_id(route: APIRoute) -> str:
    """Return the name of the function. Of a call that PUT and PATCH share, PUT is the one that is renamed."""
    return f"put_{route.name.removeprefix('update_')}" if "PUT" in (route.methods or ()) else route.name


def openapi_document(api: FastAPI, extra_schemas: list[type[BaseModel]]) -> dict[str, Any]:
    """Return the document. It is built once."""
    if api.openapi_schema is None:
        schema = get_openapi(
            title=api.title,
            version=api.version,
            description=api.description,
            routes=api.routes,
            tags=api.openapi_tags,
            servers=[{"url": get_settings().public_url}],
            license_info=_LICENSE,
        )
        components = schema["components"]
        components["securitySchemes"]["password"] = _PASSWORD_FORM
        components["headers"] = HEADERS
        for model in extra_schemas:
            whole = model.model_json_schema(ref_template="#/components/schemas/{model}")
            components["schemas"].update(whole.pop("$defs", {}))
            components["schemas"][model.__name__] = whole
        for unused in ("HTTPValidationError", "ValidationError"):
            components["schemas"].pop(unused, None)
        for operation in (op for path in schema["paths"].values() for op in path.values()):
            _complete(operation)
            _describe_headers(operation, components["schemas"])
        complete_examples(components["schemas"])
        api.openapi_schema = schema
    return api.openapi_schema


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
    operation.setdefault("security", [])  # says that it needs none
    for code in (400, 414, 422, 429, 431, 503, *((413, 415) if "requestBody" in operation else ())):
        operation["responses"].setdefault(str(code), problems(code)[code])


def _describe_headers(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    parameters = {parameter["name"] for parameter in operation.get("parameters", ())}
    for code, response in operation["responses"].items():
        names = _headers_of(code, response, parameters, schemas)
        if names:
            response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _headers_of(code: str, response: dict[str, Any], parameters: set[str], schemas: dict[str, Any]) -> list[str]:
    """Return the headers that a response may have, which its code, its body and the query tell."""
    if code in ("429", "503"):
        return ["Retry-After"]
    body = response.get("content", {}).get("application/json", {}).get("schema", {})
    names = ["Location"] if code == "201" else []
    if not code.startswith("2"):
        return []
    if body.get("type") == "array" and "skip" in parameters:
        names += ["X-Total-Count", "X-Total-Count-Capped", "Link"]
    elif "cursor" in parameters:
        names += ["Link"]
    item = schemas.get(body.get("$ref", "").rpartition("/")[2], {})
    if item.get("properties", {}).get("version", {}).get("type") == "integer":
        names += ["ETag"]
    return names
