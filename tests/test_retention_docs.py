"""docs/retention.md names every table that the console has, with what limits it."""

import re
from pathlib import Path

from sqlalchemy import text
from sqlmodel import SQLModel

from tca_app.config.retention import RetentionFields
from tca_app.core.database.session import reading
from tca_app.models import __all__ as _models  # so that every table is known

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "retention.md").read_text()


def _first_column() -> list[str]:
    cells = [line.split("|")[1:] for line in PAGE.splitlines() if line.startswith("| `")]
    return [name for cell in cells if cell[-2].strip() for name in re.findall(r"`(\w+)`", cell[0])]


async def test_every_table_is_listed_with_its_limit() -> None:
    """A new table needs a line that says how it grows and what ends that."""
    async with reading() as session:
        in_database = set(await session.scalars(text("SELECT relname FROM pg_stat_user_tables")))
    assert _models
    assert in_database >= set(SQLModel.metadata.tables)
    listed = [name for name in _first_column() if name.islower()]
    assert sorted(listed) == sorted(in_database - {"alembic_version"})


def test_every_retention_setting_is_listed_with_its_default() -> None:
    for name in RetentionFields.model_fields:
        if name.startswith("retention_"):
            default = RetentionFields.model_fields[name].default
            assert f"| `{name.upper()}` | {default}" in PAGE
