"""Notes which events wait for their export to EVENT_EXPORT_TARGET, and says how many there are.

The analytics consumer, which gets each event once, puts its id into `event_exports`. A job delivers from there
(`delivery`). Ids of a transaction that commits late are delivered late, never skipped, as would happen with a position
in the log.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import ARRAY, BigInteger, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.events.log import RecordedEvent

_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_ADD = text("INSERT INTO event_exports (event_id) SELECT unnest(:ids) ON CONFLICT DO NOTHING").bindparams(_IDS)
_WAITING = text("SELECT count(*) AS events, min(at) AS since FROM event_exports")


class Backlog(NamedTuple):
    """How many events wait for their export, and for how long the oldest has."""

    events: int
    lag_s: float


async def stage(session: AsyncSession, events: Sequence[RecordedEvent]) -> None:
    """Note these events for the export, if there is one."""
    if get_settings().event_export_target:
        await session.execute(_ADD, {"ids": [event.id for event in events]})


async def read_backlog(session: AsyncSession) -> Backlog:
    row = (await session.execute(_WAITING)).one()
    return Backlog(row.events, (datetime.now(UTC) - row.since).total_seconds() if row.since else 0.0)
