"""Which schemas of the database this version may use: its own, and a newer one that was only added to.

A migration declares whether it contracts, that is, whether the version before it cannot use its result. The column
`oldest_code` beside Alembic's revision holds the last one that does: code whose own revision is older must not serve.
See docs/decisions/0037.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

ROOT = Path(__file__).resolve().parents[3]
MIGRATE = "`python -m tca_app migrate` applies the migrations of this version"

# The column is missing when the database was last migrated by a version that did not know it.
READ_SCHEMA = text("SELECT version_num, to_jsonb(alembic_version) ->> 'oldest_code' FROM alembic_version")
_HAS_COLUMN = text(
    "SELECT count(*) FROM pg_attribute WHERE attrelid = 'alembic_version'::regclass AND attname = 'oldest_code'"
)


class Schema(NamedTuple):
    """The revision of a database, and the oldest revision whose code may use it."""

    revision: str | None
    oldest_code: str | None = None

    def is_newer(self, own: str) -> bool:
        return self.revision is not None and _order(self.revision) > _order(own)

    def refusal(self, own: str) -> str:
        """Why code with this revision cannot use the database; "" when it can."""
        if self.revision == own:
            return ""
        if not self.is_newer(own):
            return f"the database has schema {self.revision or 'none'} and this version needs {own}; {MIGRATE}"
        if self.oldest_code and _order(self.oldest_code) <= _order(own):
            return ""
        needed = f"{self.oldest_code or self.revision} or newer"
        return (
            f"the database has schema {self.revision}, which only versions with schema {needed} can use, and this one "
            f"has {own}: start the newer version, or restore a backup of this one (docs/upgrading.md)"
        )


def alembic_config() -> Config:
    """Return Alembic's configuration, with absolute paths."""
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("script_location", str(ROOT / "alembic").replace("%", "%%"))
    return config


@cache
def own_revision() -> str:
    """Return the revision that the last migration of this version makes."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert head is not None  # noqa: S101 - there are migrations
    return head


def read_schema(connection: Connection) -> Schema:
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
        return Schema(None)
    found = connection.execute(READ_SCHEMA).one_or_none()
    return Schema(*found) if found else Schema(None)


def note_oldest_code(connection: Connection, scripts: ScriptDirectory, revision: str) -> None:
    """Store the last migration up to this revision that contracts. One that does not say counts as one that does."""
    # Adding a column that is there would wait for every reader all the same, and a backup reads for long.
    if not connection.execute(_HAS_COLUMN).scalar():
        connection.execute(text("ALTER TABLE alembic_version ADD COLUMN oldest_code text"))
    steps = scripts.iterate_revisions(revision, "base")
    oldest = next((step.revision for step in steps if getattr(step.module, "contracts", True)), revision)
    connection.execute(text("UPDATE alembic_version SET oldest_code = :oldest"), {"oldest": oldest})


def _order(revision: str) -> tuple[int, str]:
    """Revisions are times in UTC, and the first ones shorter numbers."""
    return len(revision), revision
