"""Every reference to a user is in the export of personal data, or is left out for a reason."""

from sqlmodel import SQLModel

import tca_app.models  # noqa: F401  registers every table
from tca_app.features.personal_data.sections import NOT_EXPORTED, SECTIONS

SECRETS = ("hash", "secret", "credential_id", "public_key", "prefix", "password", "family", "answer", "search_text")


def references() -> set[str]:
    return {
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name == "users"
    }


def test_every_reference_to_a_user_is_exported_or_left_out_for_a_reason() -> None:
    exported = {f"{section.table.name}.{section.of}" for section in SECTIONS}
    assert references() - exported == set(NOT_EXPORTED)
    assert all(NOT_EXPORTED.values())


def test_no_section_has_a_secret() -> None:
    fields = {name for section in SECTIONS for name in section.fields}
    allowed = {"must_change_password"}
    assert [name for name in fields - allowed if any(part in name for part in SECRETS)] == []
