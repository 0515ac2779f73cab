"""The settings of the whole console, and its scheduled backups."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, Row, TableModel


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
