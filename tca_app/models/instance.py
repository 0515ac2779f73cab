"""The settings of the whole console."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, TableModel


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
