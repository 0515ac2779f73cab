"""The base of all tables: the id, the two timestamps in UTC and the naming of constraints."""

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import BigInteger, DateTime, Identity, LargeBinary, Table, func
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

UTC_TIME = DateTime(timezone=True)
SEALED = "sealed"  # of a column's `info`: the purpose that its values are encrypted for


class TableModel(SQLModel):
    """Base of every table: tells the type checker that a model has a `__table__`, which SQLModel does not declare."""

    if TYPE_CHECKING:
        __table__: ClassVar[Table]


class Row(TableModel):
    """Base class of tables with a generated bigint id, created_at and updated_at."""

    id: int | None = Field(default=None, sa_type=BigInteger, primary_key=True, sa_column_args=(Identity(always=False),))
    created_at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": func.now(), "nullable": False}
    )
    updated_at: datetime = Field(
        default=None,
        sa_type=UTC_TIME,
        sa_column_kwargs={"server_default": func.now(), "onupdate": func.clock_timestamp(), "nullable": False},
    )


def parent_id(table: str) -> int:
    """Return a key column that refers to a row of `table`; deleting that row deletes this one."""
    return Field(
        sa_type=BigInteger,
        foreign_key=f"{table}.id",
        ondelete="CASCADE",
        primary_key=True,
        sa_column_kwargs={"autoincrement": False},
    )


def sealed(purpose: str, *, is_optional: bool = False) -> bytes:
    """Return a column of values encrypted with SECRET_KEY. `purpose` may name columns of the row: `totp:{user_id}`.

    `python -m tca_app rotate-secrets` finds the column by this.
    """
    default = None if is_optional else ...
    return Field(default=default, sa_type=LargeBinary, sa_column_kwargs={"info": {SEALED: purpose}}, repr=False)
