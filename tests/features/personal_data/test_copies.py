"""Every place that may name a person is in the lists of the erasure: a new table, column or event fails here first."""

from sqlalchemy import ARRAY, Column, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

import tca_app.server.api  # noqa: F401  defines every event
from tca_app.core.events.log import CATALOGUE, Event
from tca_app.features.personal_data.copies import CLEANED, DELETED, FREE_TEXTS, KEPT_REFERENCES, KEPT_TEXTS
from tca_app.features.personal_data.scrubbing import KEPT_FIELDS, TEXT_FIELDS
from tests.features.personal_data.test_sections import references


def has_text(column: Column) -> bool:
    kind = column.type.item_type if isinstance(column.type, ARRAY) else column.type
    return isinstance(kind, String | JSONB)


def texts() -> set[str]:
    columns = {
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if has_text(column)
    }
    return columns | {"procrastinate_jobs.args"}


def test_every_reference_to_a_user_is_deleted_or_stays_for_a_reason() -> None:
    assert references() - {f"{column.table.name}.{column.name}" for column in DELETED} == set(KEPT_REFERENCES)
    assert all(KEPT_REFERENCES.values())


def test_every_text_is_erased_or_stays_for_a_reason() -> None:
    free = {f"{table}.{name}" for table, names in FREE_TEXTS.items() for name in names}
    assert free | set(CLEANED) <= texts()
    rest = texts() - free - set(CLEANED)
    named = {name for name in rest if name in KEPT_TEXTS or f"{name.partition('.')[0]}.*" in KEPT_TEXTS}
    assert sorted(rest - named) == []
    used = named | {f"{name.partition('.')[0]}.*" for name in named}
    assert sorted(set(KEPT_TEXTS) - used) == [], "stale entries"


def test_every_field_of_an_event_may_name_a_person_or_cannot() -> None:
    assert not TEXT_FIELDS & KEPT_FIELDS
    fields = {name for event in CATALOGUE.values() for name in event.model_fields} - set(Event.model_fields)
    assert sorted(fields - TEXT_FIELDS - KEPT_FIELDS) == []
