"""What edit and list calls share: a set of given fields, the check for a stale copy, and the query of a list."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from tca_app.core.errors import FieldChange, FieldError, Stale
from tca_app.core.schema import InputModel, Limit, SearchText, Skip

# The default of a field of an edit: left out. Of type Any, because no caller ever reads it.
LEFT_OUT: Any = None


def _only_given(schema: dict[str, Any]) -> None:
    """A field may be left out, which null stands for inside only; the document must not offer it as the default."""
    for field in schema.get("properties", {}).values():
        if field.get("default", ...) is None:
            del field["default"]
    schema["minProperties"] = 1


class Changes(InputModel):
    """An edit: a field that is left out stays as it is. Declare each with `= LEFT_OUT`.

    Null empties a text that may be empty and is refused for any other field.
    """

    model_config = ConfigDict(json_schema_extra=_only_given)

    @model_validator(mode="before")
    @classmethod
    def _something_given(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data:
            raise ValueError("Provide at least one field")
        return data

    def given(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.model_fields_set}


class ListQuery(BaseModel):
    """The query of a list. A misspelt filter is refused: it must not answer with everything."""

    model_config = ConfigDict(extra="forbid")

    skip: Skip = 0
    limit: Limit = 100
    search: SearchText = ""


def check_version(row: Any, given: Mapping[str, Any], if_version: int | None, changed_by: str) -> None:
    """Raises Stale when the caller's copy is older than `row`, with each given field that now has another value."""
    if if_version is None or if_version == row.version:
        return
    fields = {name: row._mapping[name] for name in given if name in row._mapping}
    changes = [
        FieldChange(name, current, changed_by, row.updated_at)
        for name, current in fields.items()
        if current != given[name]
    ]
    detail = f"{changed_by or 'Somebody else'} changed this after you opened it."
    faults = [FieldError(f"/{change.field}", f"This is now {_shown(change.current)}.") for change in changes]
    raise Stale(detail, errors=faults, changes=changes, changed_by=changed_by)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, datetime):
        return value.isoformat()
    return f'"{value}"' if value else "empty"
