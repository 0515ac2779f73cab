"""Verifies the event log: every row matches its hash, no chain has a gap, and no chain is truncated.

It does not detect an owner of the database who rewrites rows, chains and heads consistently; see docs/decisions/0016.
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.database.session import take_time

BATCH = 5_000

_ROWS = text(
    """
    SELECT event.id, event.subject_type, event.subject_id, event.sequence,
      CASE
        WHEN event.hash <> event_hash(event) THEN 'its content is not what was written'
        WHEN event.sequence > 1 AND before.id IS NULL THEN 'the event before it is gone'
        WHEN event.previous_hash <> coalesce(before.hash, '') THEN 'it does not follow the event before it'
      END AS fault
    FROM events AS event
    LEFT JOIN events AS before ON before.subject_type = event.subject_type AND before.subject_id = event.subject_id
      AND before.sequence = event.sequence - 1
    WHERE event.id > :after ORDER BY event.id LIMIT :most
    """
)
_HEADS = text(
    """
    SELECT subject_type, subject_id, head.sequence
    FROM event_heads AS head FULL JOIN (
      SELECT DISTINCT ON (subject_type, subject_id) subject_type, subject_id, sequence, hash
      FROM events ORDER BY subject_type, subject_id, sequence DESC
    ) AS last USING (subject_type, subject_id)
    WHERE head.sequence IS DISTINCT FROM last.sequence OR head.hash IS DISTINCT FROM last.hash
    ORDER BY subject_type, subject_id LIMIT 1
    """
)
_CHAINS = text("SELECT count(*) FROM event_heads")


@dataclass(frozen=True, slots=True)
class LogCheck:
    """The number of rows and chains checked, and the first fault in words; empty when there is none."""

    events: int
    chains: int
    fault: str


async def verify_log(session: AsyncSession) -> LogCheck:
    """Walk the log once, in one snapshot, so that new events do not look like a fault."""
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    await take_time(session)
    seen, last = 0, 0
    while rows := (await session.execute(_ROWS, {"after": last, "most": BATCH})).all():
        for row in rows:
            if row.fault:
                where = f"{row.subject_type} {row.subject_id}, number {row.sequence}"
                return LogCheck(seen, 0, f"event {row.id} ({where}): {row.fault}")
        seen, last = seen + len(rows), rows[-1].id
    head = (await session.execute(_HEADS)).first()
    if head:
        fault = f"the events about {head.subject_type} {head.subject_id} do not end where they did: some are gone"
        return LogCheck(seen, 0, fault)
    return LogCheck(seen, (await session.execute(_CHAINS)).scalar_one(), "")
