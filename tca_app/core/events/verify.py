"""Verifies the event log: every row matches its hash, no chain has a gap, and no chain is truncated.

A row whose personal data was erased matches its seal instead, and the seals of an erasure the digest in its event
`user_erased`. Its stored hash stays the link to the next row (docs/decisions/0034).

It does not detect an owner of the database who rewrites rows, chains and heads consistently; see docs/decisions/0016.
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.database.session import take_time

BATCH = 5_000

_ROWS = text(
    """
    SELECT event.id, event.subject_type, event.subject_id, event.sequence, mark.seal IS NOT NULL AS is_erased,
      CASE
        WHEN event_hash(event) <> coalesce(mark.seal, event.hash) THEN 'its content is not what was written'
        WHEN event.sequence > 1 AND before.id IS NULL THEN 'the event before it is gone'
        WHEN event.previous_hash <> coalesce(before.hash, '') THEN 'it does not follow the event before it'
      END AS fault
    FROM events AS event
    LEFT JOIN events AS before ON before.subject_type = event.subject_type AND before.subject_id = event.subject_id
      AND before.sequence = event.sequence - 1
    LEFT JOIN LATERAL (
      SELECT seal FROM event_erasures WHERE event_id = event.id ORDER BY id DESC LIMIT 1
    ) AS mark ON true
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
_ERASURES = text(
    """
    SELECT erasure FROM (
      SELECT CAST(erasure AS text) AS erasure, count(*) AS events,
        encode(sha256(string_agg(seal, CAST('' AS bytea) ORDER BY event_id)), 'hex') AS digest
      FROM event_erasures GROUP BY erasure
    ) AS marked FULL JOIN (
      SELECT data ->> 'erasure' AS erasure, CAST(data ->> 'events' AS bigint) AS events, data ->> 'digest' AS digest
      FROM events WHERE type = 'user_erased'
    ) AS recorded USING (erasure)
    WHERE coalesce(marked.events, 0) <> coalesce(recorded.events, -1)
      OR coalesce(marked.digest, '') <> coalesce(recorded.digest, '')
    ORDER BY erasure LIMIT 1
    """
)
_CHAINS = text("SELECT count(*) FROM event_heads")


@dataclass(frozen=True, slots=True)
class LogCheck:
    """The number of rows and chains checked, and the first fault in words; empty when there is none.

    `erased` is how many of the rows had personal data that was erased.
    """

    events: int
    chains: int
    fault: str
    erased: int = 0


async def verify_log(session: AsyncSession) -> LogCheck:
    """Walk the log once, in one snapshot, so that new events do not look like a fault."""
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    await take_time(session)
    seen, last, erased = 0, 0, 0
    while rows := (await session.execute(_ROWS, {"after": last, "most": BATCH})).all():
        for row in rows:
            if row.fault:
                where = f"{row.subject_type} {row.subject_id}, number {row.sequence}"
                return LogCheck(seen, 0, f"event {row.id} ({where}): {row.fault}")
        seen, last, erased = seen + len(rows), rows[-1].id, erased + sum(row.is_erased for row in rows)
    head = (await session.execute(_HEADS)).first()
    if head:
        fault = f"the events about {head.subject_type} {head.subject_id} do not end where they did: some are gone"
        return LogCheck(seen, 0, fault)
    uncovered = (await session.execute(_ERASURES)).first()
    if uncovered:
        return LogCheck(seen, 0, f"the erasure {uncovered.erasure} is not what an event user_erased says of it")
    return LogCheck(seen, (await session.execute(_CHAINS)).scalar_one(), "", erased)
