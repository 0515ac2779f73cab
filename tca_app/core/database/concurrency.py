"""Optimistic concurrency and list queries: partial edits, the version check, and query parameters of lists."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, model_validator
from sqlalchemy import RowMapping

from tca_app.core.errors import FieldChange, FieldError, Stale
from tca_app.core.language.messages import _
from tca_app.core.schema import InputModel, Limit, SearchText, Skip

# The default of an edit field: not provided. Its type is Any because no caller reads the value.
UNSET: Any = None


def _only_given(schema: dict[str, Any]) -> None:
    """Remove the default from the JSON schema: null marks an omitted field internally, clients must not see it."""
    for field in schema.get("properties", {}).values():
        if field.get("default", ...) is None:
            del field["default"]
    schema["minProperties"] = 1


class Changes(InputModel):
    """A partial edit: omitted fields keep their value. Declare each field with `= UNSET`.

    Null clears an optional text and is refused for any other field.
    """

    model_config = ConfigDict(json_schema_extra=_only_given)

    @model_validator(mode="before")
    @classmethod
    def _something_given(cls, data: object) -> object:
        if isinstance(data, dict) and not data:
            raise ValueError("Provide at least one field")
        return data

    def given(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.model_fields_set}


class ListFilter(BaseModel):
    """Filters of a list. An unknown one is refused, so that a typo does not return all rows."""

    model_config = ConfigDict(extra="forbid")

    search: SearchText = ""


class ListQuery(ListFilter):
    """Query parameters of a page of a list."""

    skip: Skip = 0
    limit: Limit = 100


class VersionedRow(Protocol):
    """A row whose `version` grows with every edit. `changed_by` and `changed_by_id` are the last editor."""

    version: int
    updated_at: datetime
    changed_by: str
    changed_by_id: int | None

    @property
    def _mapping(self) -> RowMapping: ...


def changed_fields(row: VersionedRow, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given fields whose value differs from that of the row."""
    return {name: value for name, value in given.items() if row._mapping[name] != value}


def fields_of(row: object, names: Iterable[str]) -> dict[str, Any]:
    """Return these fields of a row or schema, such as the fields before and after a change that an event records."""
    return {name: getattr(row, name) for name in names}


def check_version(row: VersionedRow, given: Mapping[str, Any], if_version: int | None) -> None:
    """Raise Stale if the caller's version is older than `row`, with each changed field that the caller also edits."""
    if if_version is None or if_version == row.version:
        return
    fields = {name: row._mapping[name] for name in given if name in row._mapping}
    changes = [
        FieldChange(name, current, row.changed_by, row.updated_at)
        for name, current in fields.items()
        if current != given[name]
    ]
    detail = f"{row.changed_by or 'Someone else'} changed this after you opened it."
    faults = [
        FieldError(f"/{change.field}", _("This is now {current}.", current=_shown(change.current)))
        for change in changes
    ]
    raise Stale(detail, errors=faults, changes=changes, changed_by=row.changed_by, changed_by_id=row.changed_by_id)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, datetime):
        return value.isoformat()
    return f'"{value}"' if value else "empty"
