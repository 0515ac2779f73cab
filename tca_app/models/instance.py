"""The settings of the whole console, its scheduled backups, and imports of files."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, LargeBinary, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, Row, TableModel, parent_id


class InstanceSetting(TableModel, table=True):
    """One setting that administrators have changed. A setting without a row has its default.

    The sum of all versions is the version of the settings as a whole.
    """

    __tablename__ = "instance_settings"

    name: str = Field(sa_type=Text, primary_key=True)
    value: Any = Field(sa_column=Column(JSONB, nullable=False))
    version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    changed_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    changed_at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": func.now(), "nullable": False}
    )


class BackupRun(Row, table=True):
    """A scheduled backup that ended: with a file, or with an error."""

    __tablename__ = "backup_runs"

    started_at: datetime = Field(sa_type=UTC_TIME)
    finished_at: datetime = Field(sa_type=UTC_TIME)
    bytes: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})
    error: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})


class Import(Row, table=True):
    """An import of one file. `content` is the file, until the import ends. `done` rows of `total` are imported.

    `token_id` is the API token that started it: the import has its rights, never more.
    """

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint("kind IN ('users', 'projects', 'members')", name="kind"),
        CheckConstraint("state IN ('preview', 'running', 'finished', 'stopped', 'failed')", name="state"),
        CheckConstraint("(kind = 'members') = (project_id IS NOT NULL)", name="project_of_members"),
        Index("ix_imports_user_id", "user_id", text("id DESC")),
    )

    kind: str = Field(sa_type=Text)
    state: str = Field(default="preview", sa_type=Text, sa_column_kwargs={"server_default": "preview"})
    project_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="projects.id", ondelete="CASCADE")
    user_id: int = Field(sa_type=BigInteger, foreign_key="users.id", ondelete="CASCADE")
    token_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="api_tokens.id", ondelete="CASCADE")
    file_name: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    existing: str = Field(default="skip", sa_type=Text, sa_column_kwargs={"server_default": "skip"})
    new_users: str = Field(default="link", sa_type=Text, sa_column_kwargs={"server_default": "link"})
    content: bytes | None = Field(default=None, sa_type=LargeBinary, repr=False)
    columns: list[str] = Field(sa_type=JSONB)
    total: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    done: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    created: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    changed: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    unchanged: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    failed: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    started_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    finished_at: datetime | None = Field(default=None, sa_type=UTC_TIME)


class ImportFault(TableModel, table=True):
    """A row of a file that was not imported: its line, its cells in the order of the columns, and the reason."""

    __tablename__ = "import_faults"

    import_id: int = parent_id("imports")
    line: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    cells: list[str] = Field(sa_type=JSONB)
    error: str = Field(sa_type=Text)
