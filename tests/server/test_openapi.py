"""The OpenAPI document is one that clients can be generated from. CONTRIBUTING.md says how to lint it with Redocly."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest

from tests.factories import bearer, make_user
from tests.rest_api import document, rest_api
from tests.test_policies import api_routes

API = rest_api()
DOCUMENT = document()
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = {f"{method} {path}": op for path, calls in DOCUMENT["paths"].items() for method, op in calls.items()}


def validator(schema: dict[str, Any]) -> Any:
    return jsonschema_rs.Draft202012Validator(schema | {"components": DOCUMENT["components"]})


def examples(node: Any, pointer: str = "#") -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Every schema in the document that has an example, with the example."""
    if isinstance(node, list):
        for number, item in enumerate(node):
            yield from examples(item, f"{pointer}/{number}")
    elif isinstance(node, dict):
        for example in node["examples"] if isinstance(node.get("examples"), list) else ():
            yield pointer, node, example
        if "example" in node and pointer.rsplit("/", 1)[-1] != "properties":
            yield pointer, node.get("schema", node), node["example"]
        for name, item in node.items():
            if name not in ("examples", "example", "default", "const", "enum"):
                yield from examples(item, f"{pointer}/{name}")


def test_every_example_fits_its_schema() -> None:
    found = list(examples(DOCUMENT))
    assert len(found) > 50
    wrong = [f"{pointer}: {example}" for pointer, schema, example in found if not validator(schema).is_valid(example)]
    assert not wrong


def test_operations_have_the_short_names_of_their_functions() -> None:
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(ids)) == len(ids)
    assert [name for name in ids if not re.fullmatch(r"[a-z][a-z_]{2,40}", name)] == []
    names = {route.name for route in api_routes(API.router)}
    assert [name for name in ids if name not in names and not name.startswith("put_")] == []


def test_every_operation_says_whether_it_needs_authentication() -> None:
    assert DOCUMENT["servers"][0]["url"].startswith("http")
    assert all("security" in operation for operation in OPERATIONS.values())
    schemes = set(DOCUMENT["components"]["securitySchemes"])
    assert {name for op in OPERATIONS.values() for need in op["security"] for name in need} <= schemes
    assert OPERATIONS["post /api/auth/login"]["security"] == []


def test_what_generators_trip_over_is_not_there() -> None:
    body = SCHEMAS["LoginRequest"]
    assert "anyOf" not in body
    login = validator(body)
    assert login.is_valid({"email": "ana@example.com", "password": "x"})
    assert not login.is_valid({"password": "x"})
    # A path parameter that is not declared, or declared and not there.
    for path, calls in DOCUMENT["paths"].items():
        for operation in calls.values():
            declared = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path)), path
        assert not path.endswith("/") or path == "/"
    for name, operation in OPERATIONS.items():
        assert operation.get("summary"), name
        assert any(code.startswith(("2", "3")) for code in operation["responses"]), (
            name
        )  # a redirect is all that some do
        assert any(code.startswith("4") for code in operation["responses"]), name


def test_the_password_rule_is_described_wherever_a_password_is_set() -> None:
    rules = [
        schema["properties"][name]
        for schema in SCHEMAS.values()
        for name in ("password", "new_password")
        if schema.get("properties", {}).get(name, {}).get("format") == "new-password"
    ]
    assert len(rules) >= 4
    assert all("At least 8 characters" in rule["description"] for rule in rules)


def test_the_headers_of_responses_are_described() -> None:
    for name, operation in OPERATIONS.items():
        for code in ("429", "503"):
            assert "Retry-After" in operation["responses"][code]["headers"], name
    created = OPERATIONS["post /api/v1/projects"]["responses"]["201"]["headers"]
    assert set(created) == {"Location", "ETag"}
    listed = OPERATIONS["get /api/v1/projects"]["responses"]["200"]["headers"]
    assert set(listed) == {"X-Total-Count", "X-Total-Count-Capped", "Link"}


@pytest.mark.parametrize("path", ["/api/v1/projects", "/api/v1/deployments", "/api/v1/notifications"])
async def test_a_response_has_the_headers_that_are_described(api: httpx.AsyncClient, path: str) -> None:
    header = await bearer(await make_user())
    made = await api.post("/api/v1/projects", headers=header, json={"name": "Ledger"})
    described = set(OPERATIONS["post /api/v1/projects"]["responses"]["201"]["headers"])
    assert {name.lower() for name in described} <= set(made.headers)
    listed = await api.get(path, headers=header)
    ours = {name for name in listed.headers if name in ("etag", "link") or name.startswith("x-total")}
    assert ours <= {name.lower() for name in OPERATIONS[f"get {path}"]["responses"]["200"].get("headers", {})}


def test_every_body_refuses_what_it_does_not_name() -> None:
    """Mass assignment: no call takes a field that its schema does not have. OAuth asks to ignore those of a form."""
    loose, seen = [], 0
    for name, operation in OPERATIONS.items():
        for kind, body in operation.get("requestBody", {}).get("content", {}).items():
            if kind == "application/x-www-form-urlencoded":
                continue
            schemas = [body["schema"], *body["schema"].get("anyOf", ()), *body["schema"].get("oneOf", ())]
            found = [SCHEMAS[one["$ref"].rpartition("/")[2]] for one in schemas if "$ref" in one]
            seen += len(found)
            loose += [f"{name} ({kind})" for one in found if one.get("additionalProperties") is not False]
    assert seen > 60
    assert loose == []
