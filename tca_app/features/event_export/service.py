"""Delivers events to EVENT_EXPORT_TARGET: at least once, in the order of the log, however long the target was away.

The analytics consumer, which gets each event once, puts its id into `event_exports`. A job delivers from there in
batches and removes what it delivered. Ids of a transaction that commits late are delivered late, never skipped, as
would happen with a position in the log.
"""

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import ARRAY, BigInteger, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.events.log import RecordedEvent
from tca_app.core.export_url import read_export_url
from tca_app.core.outgoing import syslog
from tca_app.features.event_export.records import BATCH, Record, read_records

_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_ADD = text("INSERT INTO event_exports (event_id) SELECT unnest(:ids) ON CONFLICT DO NOTHING").bindparams(_IDS)
_ONE_AT_A_TIME = text("SELECT pg_try_advisory_xact_lock(hashtextextended('event_export', 0))")
_NEXT = text("SELECT event_id FROM event_exports ORDER BY event_id LIMIT :most")
_DONE = text("DELETE FROM event_exports WHERE event_id = ANY(:ids)").bindparams(_IDS)
_WAITING = text("SELECT count(*) AS events, min(at) AS since FROM event_exports")


class ExportError(Exception):
    """The target did not take the events; they wait for the next attempt."""


class Backlog(NamedTuple):
    """How many events wait for their export, and for how long the oldest has."""

    events: int
    lag_s: float


async def stage(session: AsyncSession, events: Sequence[RecordedEvent]) -> None:
    """Note these events for the export, if there is one."""
    if get_settings().event_export_target:
        await session.execute(_ADD, {"ids": [event.id for event in events]})


async def deliver_batch(session: AsyncSession) -> int:
    """Deliver the next events and return how many. Raises ExportError. Returns 0 while another worker delivers."""
    target = read_export_url(get_settings().event_export_target)
    if target is None or not (await session.execute(_ONE_AT_A_TIME)).scalar_one():
        return 0
    ids = list((await session.execute(_NEXT, {"most": BATCH})).scalars())
    if not ids:
        return 0
    records = await read_records(session, ids)
    try:
        if isinstance(target, Path):
            await asyncio.to_thread(append, target, records)
        else:
            await syslog.send(target, (syslog.Message(record.at, record.type, record.line) for record in records))
    except OSError as error:
        raise ExportError(f"{type(error).__name__}: {error}") from error
    await session.execute(_DONE, {"ids": ids})
    return len(ids)


def append(path: Path, records: Sequence[Record]) -> None:
    """Append a line for each record, and return when they are on the disk. Raises OSError.

    The file is opened for each batch, so a rotated one is left alone. What a full disk cut off becomes a line of its
    own, and is written again.
    """
    with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640), "ab+") as file:
        if file.seek(0, os.SEEK_END) and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
            file.write(b"\n")
        file.write("".join(f"{record.line}\n" for record in records).encode())
        file.flush()
        os.fsync(file.fileno())


async def read_backlog(session: AsyncSession) -> Backlog:
    row = (await session.execute(_WAITING)).one()
    return Backlog(row.events, (datetime.now(UTC) - row.since).total_seconds() if row.since else 0.0)
