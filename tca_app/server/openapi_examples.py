"""Completes the examples of the OpenAPI document, so that each one fits its schema."""

from typing import Any

_TEXTS = {"date-time": "2026-05-04T09:30:00Z", "date": "2026-05-04", "uuid": "018f3a52-7c1e-7b6a-9d7e-2f4c5a6b7c8d"}
MAX_DEPTH = 6
Schemas = dict[str, Any]


def complete_examples(schemas: Schemas) -> None:
    """Fill the fields that an example leaves out although its schema requires them."""
    for schema in schemas.values():
        if "examples" in schema and schema.get("type") == "object":
            schema["examples"] = [_completed(example, schema, schemas, 0) for example in schema["examples"]]


def _completed(example: Any, schema: Any, schemas: Schemas, depth: int) -> Any:  # noqa: ANN401  any JSON
    schema = _resolved(schema, schemas)
    if isinstance(example, list):
        return [_completed(item, schema.get("items", {}), schemas, depth + 1) for item in example]
    if not isinstance(example, dict):
        return example
    properties = schema.get("properties", {})
    given = {name: _completed(value, properties.get(name, {}), schemas, depth + 1) for name, value in example.items()}
    missing = [name for name in schema.get("required", ()) if name not in given]
    return given | {name: _value(properties.get(name, {}), schemas, depth + 1) for name in missing}


def _resolved(schema: Any, schemas: Schemas) -> Any:  # noqa: ANN401
    """Return the schema behind a reference, and the first choice of several."""
    while "$ref" in schema or "anyOf" in schema or "oneOf" in schema:
        name = schema.get("$ref", "").rpartition("/")[2]
        schema = schemas[name] if name else (schema.get("anyOf") or schema["oneOf"])[0]
    return schema


def _value(schema: Any, schemas: Schemas, depth: int) -> Any:  # noqa: ANN401
    """Return the simplest value: null or empty where that is allowed, else what the schema has as an example."""
    if any(choice.get("type") == "null" for choice in schema.get("anyOf", ())):
        return None
    if schema.get("examples"):
        return schema["examples"][0]
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    schema = _resolved(schema, schemas)
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" and depth < MAX_DEPTH:
        example = schema.get("examples", [{}])[0] if schema.get("properties") else {}
        return _completed(example, schema, schemas, depth)
    if kind in ("integer", "number"):
        return max(schema.get("minimum", 1), 1) if kind == "integer" else 1.0
    if kind == "string":
        return schema["examples"][0] if schema.get("examples") else _TEXTS.get(schema.get("format", ""), "")
    return {"boolean": False, "array": [], "object": {}}.get(kind)
