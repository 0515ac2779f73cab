"""Encrypts everything in the database that SECRET_KEY_PREVIOUS encrypted again with SECRET_KEY, in batches."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Column, Row, func, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from tca_app.core.database.session import transaction
from tca_app.core.security.encryption import DecryptionError, decrypt, encrypt, is_current
from tca_app.features.factors.recovery_codes import KEYED_HASH_BYTES
from tca_app.models import RecoveryCode
from tca_app.models.base import SEALED

BATCH = 200
_codes = RecoveryCode.__table__.c


@dataclass(frozen=True, slots=True)
class Rotated:
    """What became of the values of one column."""

    column: str
    encrypted: int = 0
    current: int = 0
    unreadable: int = 0

    @property
    def summary(self) -> str:
        lost = f", {self.unreadable:,} that neither key decrypts" if self.unreadable else ""
        return f"{self.column}: {self.encrypted:,} encrypted again, {self.current:,} were up to date{lost}"


def sealed_columns() -> Iterator[Column[Any]]:
    """Yield every column of encrypted values (`models.base.sealed`), in the order of their names."""
    for _, table in sorted(SQLModel.metadata.tables.items()):
        yield from (column for column in table.columns if SEALED in column.info)


async def rotate_column(column: Column[Any]) -> Rotated:
    """Encrypt the values of a column again, each batch in its own transaction; a second run goes on where this ended.

    A row is locked while it changes, so that a value that is set meanwhile is not overwritten.
    """
    done, last = Rotated(f"{column.table.name}.{column.name}"), None
    while True:
        async with transaction() as session:
            rows = await _next_rows(session, column, last)
            for row in rows:
                done = await _rotate(session, column, row, done)
        if len(rows) < BATCH:
            return done
        last = _key(column, rows[-1])


async def _next_rows(session: AsyncSession, column: Column[Any], last: tuple[Any, ...] | None) -> list[Row[Any]]:
    keys = list(column.table.primary_key)
    statement = select(column.table).where(column.is_not(None)).order_by(*keys).limit(BATCH).with_for_update()
    if column is _codes.code_hash:
        statement = statement.where(func.octet_length(column) != KEYED_HASH_BYTES)
    if last is not None:
        statement = statement.where(tuple_(*keys) > tuple_(*map(literal, last)))
    return list((await session.execute(statement)).all())


def _key(column: Column[Any], row: Row[Any]) -> tuple[Any, ...]:
    return tuple(row._mapping[key.name] for key in column.table.primary_key)


async def _rotate(session: AsyncSession, column: Column[Any], row: Row[Any], done: Rotated) -> Rotated:
    values = row._mapping
    sealed, purpose = values[column.name], column.info[SEALED].format_map(values)
    if is_current(sealed, purpose):
        return replace(done, current=done.current + 1)
    try:
        text = decrypt(sealed, purpose)
    except DecryptionError:
        return replace(done, unreadable=done.unreadable + 1)
    keys = zip(column.table.primary_key, _key(column, row), strict=True)
    changes: dict[str, Any] = {column.name: encrypt(text, purpose)}
    if "updated_at" in column.table.c:
        changes["updated_at"] = column.table.c.updated_at  # nobody changed anything
    await session.execute(update(column.table).where(*(key == value for key, value in keys)).values(changes))
    return replace(done, encrypted=done.encrypted + 1)


async def count_keyed_codes() -> int:
    """Return how many unused recovery codes are of the first kind, which no key but the one of that time knows."""
    async with transaction() as session:
        is_first = (func.octet_length(_codes.code_hash) == KEYED_HASH_BYTES) & _codes.used_at.is_(None)
        return (await session.execute(select(func.count()).where(is_first))).scalar_one()
