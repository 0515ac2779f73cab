"""Delivers events to EVENT_EXPORT_TARGET: at least once, in the order of the log, also after an outage of the target.

Only workers import this: it takes the library of object stores with it.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import ARRAY, BigInteger, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.export_url import SyslogReceiver, Target, read_export_url
from tca_app.core.outgoing import object_store, syslog
from tca_app.features.event_export.records import BATCH, Record, read_records

JSON_LINES = "application/x-ndjson"
_ONE_AT_A_TIME = text("SELECT pg_try_advisory_xact_lock(hashtextextended('event_export', 0))")
_NEXT = text("SELECT event_id FROM event_exports ORDER BY event_id LIMIT :most")
_DONE = text("DELETE FROM event_exports WHERE event_id = ANY(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(BigInteger))
)


class ExportError(Exception):
    """The target did not take the events; they wait for the next attempt."""


async def deliver_batch(session: AsyncSession) -> int:
    """Deliver the next events and return how many. Raises ExportError. Returns 0 while another worker delivers."""
    target = read_export_url(get_settings().event_export_target)
    if target is None or not (await session.execute(_ONE_AT_A_TIME)).scalar_one():
        return 0
    ids = list((await session.execute(_NEXT, {"most": BATCH})).scalars())
    if not ids:
        return 0
    try:
        if records := await read_records(session, ids):
            await _deliver(target, records)
    except OSError as error:
        raise ExportError(f"{type(error).__name__}: {error}") from error
    await session.execute(_DONE, {"ids": ids})
    return len(ids)


async def _deliver(target: Target, records: Sequence[Record]) -> None:
    """Raises OSError."""
    if isinstance(target, Path):
        await asyncio.to_thread(append, target, records)
    elif isinstance(target, SyslogReceiver):
        await syslog.send(target, (syslog.Message(record.at, record.type, record.line) for record in records))
    else:
        await object_store.put(target, _access_key(), object_name(records), _lines(records), JSON_LINES)


def _access_key() -> object_store.AccessKey | None:
    settings = get_settings()
    if not settings.event_export_access_key_id:
        return None
    return object_store.AccessKey(
        settings.event_export_access_key_id, settings.event_export_secret_access_key.get_secret_value()
    )


def object_name(records: Sequence[Record]) -> str:
    """Return the name: the day and the id of the first event, the id of the last, and how many there are.

    A repeated delivery of the same events replaces its object. One of more events has another name, so a late request
    with fewer events cannot replace it.
    """
    first, last = records[0], records[-1]
    return f"{first.at:%Y/%m/%d}/{first.id:019}-{last.id:019}-{len(records)}.jsonl"


def _lines(records: Sequence[Record]) -> bytes:
    return "".join(f"{record.line}\n" for record in records).encode()


def append(path: Path, records: Sequence[Record]) -> None:
    """Append a line for each record, and return when they are on the disk. Raises OSError.

    The file is opened for each batch, so a rotated one is left alone. What a full disk cut off becomes a line of its
    own, and is written again.
    """
    with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640), "ab+") as file:
        if file.seek(0, os.SEEK_END) and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
            file.write(b"\n")
        file.write(_lines(records))
        file.flush()
        os.fsync(file.fileno())
