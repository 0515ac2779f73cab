"""What every table shares: the id, the two times in UTC and the names of constraints."""

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import BigInteger, DateTime, Identity, Table, func
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

UTC_TIME = DateTime(timezone=True)


class TableModel(SQLModel):
    """Base of every table: tells the type checker that a model has a `__table__`, which SQLModel does not declare."""

    if TYPE_CHECKING:
        __table__: ClassVar[Table]


class Row(TableModel):
    """id bigint by the database; created_at and updated_at with time zone."""

    id: int | None = Field(default=None, sa_type=BigInteger, primary_key=True, sa_column_args=(Identity(always=False),))
    created_at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": func.now(), "nullable": False}
    )
    updated_at: datetime = Field(
        default=None,
        sa_type=UTC_TIME,
        sa_column_kwargs={"server_default": func.now(), "onupdate": func.clock_timestamp(), "nullable": False},
    )
