"""Short forms for tables, columns and indexes, which name constraints the way the models do."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

NOW = "now()"


def create_table(name: str, *parts: sa.Column | sa.Constraint, key: tuple[str, ...] = ("id",)) -> None:
    """Create a table. Checks are given by their short name; foreign keys are named after their column."""
    for part in parts:
        if isinstance(part, sa.CheckConstraint):
            part.name = op.f(f"ck_{name}_{part.name}")
        elif isinstance(part, sa.Column):
            for foreign_key in part.foreign_keys:
                foreign_key.name = op.f(f"fk_{name}_{part.name}")
    op.create_table(name, *parts, sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{name}")))


def create_index(name: str, table: str, *columns: str, where: str | None = None, **options: Any) -> None:
    """Create an index, unique when its name begins with `uq_`. A column may be an expression or have a direction."""
    op.create_index(
        name,
        table,
        [column if column.isidentifier() else sa.text(column) for column in columns],
        unique=name.startswith("uq_"),
        postgresql_where=None if where is None else sa.text(where),
        **{f"postgresql_{option}": value for option, value in options.items()},
    )


def create_search_index(table: str) -> None:
    create_index(f"ix_{table}_grams", table, "text_grams(search_text)", using="gin")


def row() -> tuple[sa.Column, ...]:
    """Returns the columns that most tables begin with."""
    identity = sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)
    return identity, timestamp("created_at", NOW), timestamp("updated_at", NOW)


def text(name: str, default: str | None = None, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), server_default=default, nullable=nullable)


def texts(name: str, default: str | None = None) -> sa.Column:
    return sa.Column(name, postgresql.ARRAY(sa.Text()), server_default=default, nullable=False)


def search_text(*columns: str) -> sa.Column:
    """Returns the generated column that search reads: the columns, folded, one per line."""
    joined = " || E'\\n' || ".join(columns)
    return sa.Column("search_text", sa.Text(), sa.Computed(f"fold_text({joined})", persisted=True), nullable=True)


def integer(name: str, default: int | None = None, *, nullable: bool = False) -> sa.Column:
    server_default = None if default is None else sa.text(str(default))
    return sa.Column(name, sa.Integer(), server_default=server_default, nullable=nullable)


def bigint(name: str, default: int | None = None, *, nullable: bool = False) -> sa.Column:
    server_default = None if default is None else sa.text(str(default))
    return sa.Column(name, sa.BigInteger(), server_default=server_default, nullable=nullable)


def number(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Float(), nullable=nullable)


def boolean(name: str, default: bool | None = None, *, nullable: bool = False) -> sa.Column:
    server_default = None if default is None else sa.text(str(default).lower())
    return sa.Column(name, sa.Boolean(), server_default=server_default, nullable=nullable)


def timestamp(name: str, default: str | None = None, *, nullable: bool = False) -> sa.Column:
    server_default = None if default is None else sa.text(default)
    return sa.Column(name, sa.DateTime(timezone=True), server_default=server_default, nullable=nullable)


def date(name: str) -> sa.Column:
    return sa.Column(name, sa.Date(), nullable=False)


def binary(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def reference(name: str, table: str, *, on_delete: str = "CASCADE") -> sa.Column:
    """A required reference: by default the row is deleted with what it belongs to."""
    return sa.Column(name, sa.BigInteger(), sa.ForeignKey(f"{table}.id", ondelete=on_delete), nullable=False)


def optional_reference(name: str, table: str, *, on_delete: str = "SET NULL") -> sa.Column:
    """A reference that may be missing: by default the row outlives what it names."""
    return sa.Column(name, sa.BigInteger(), sa.ForeignKey(f"{table}.id", ondelete=on_delete), nullable=True)


def check(name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=name)
