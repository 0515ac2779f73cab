"""What is exported of an event: everything that the log has, with the hash that chains it, as one line of JSON."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import ARRAY, BigInteger, RowMapping, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.events.log import EVENT_COLUMNS, RecordedEvent

BATCH = 500
_SELECT = f"SELECT {EVENT_COLUMNS}, encode(hash, 'hex') AS chain_hash FROM events"  # noqa: S608  constant SQL
_BY_ID = text(f"{_SELECT} WHERE id = ANY(:ids) ORDER BY id").bindparams(bindparam("ids", type_=ARRAY(BigInteger)))
_AFTER = text(f"{_SELECT} WHERE id > :after AND at >= :since ORDER BY id LIMIT :most")


class Record(NamedTuple):
    """An exported event."""

    id: int
    at: datetime
    type: str
    line: str


async def read_records(session: AsyncSession, ids: Sequence[int]) -> list[Record]:
    """Return the records of these events that are in the log, oldest first."""
    return [_record(row) for row in (await session.execute(_BY_ID, {"ids": list(ids)})).mappings()]


async def all_records(session: AsyncSession, since: datetime, after: int) -> AsyncIterator[list[Record]]:
    """Yield the records since that time and after that id, oldest first, in batches."""
    while True:
        values = {"after": after, "since": since, "most": BATCH}
        records = [_record(row) for row in (await session.execute(_AFTER, values)).mappings()]
        if not records:
            return
        yield records
        after = records[-1].id


def _record(row: RowMapping) -> Record:
    fields = dict(row)
    chain_hash = fields.pop("chain_hash")
    event = RecordedEvent(**fields)
    shown = {"id": event.id, **event.public(), "actor_type": event.actor_type, "actor_name": event.actor_name}
    shown |= {"ip": event.ip, "request_id": event.request_id, "hash": chain_hash}
    # ASCII, so that a line is a line for every reader: a text may have line separators of Unicode.
    return Record(event.id, event.at.astimezone(UTC), event.type, json.dumps(shown))
