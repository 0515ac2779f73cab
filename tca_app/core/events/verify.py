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
        WHEN event.sequence > 1 AND before.id IS NULL AND removed.hash IS NULL THEN 'the event before it is gone'
        WHEN event.previous_hash <> coalesce(before.hash, removed.hash, '')
          THEN 'it does not follow the event before it'
        WHEN later.is_there THEN 'events after it were removed as old, and it was not'
      END AS fault
    FROM events AS event
    LEFT JOIN events AS before ON before.subject_type = event.subject_type AND before.subject_id = event.subject_id
      AND before.sequence = event.sequence - 1
    LEFT JOIN event_removals AS removed ON removed.subject_type = event.subject_type
      AND removed.subject_id = event.subject_id AND removed.sequence = event.sequence - 1
    LEFT JOIN LATERAL (
      SELECT true AS is_there FROM event_removals AS later WHERE later.subject_type = event.subject_type
        AND later.subject_id = event.subject_id AND later.sequence >= event.sequence LIMIT 1
    ) AS later ON true
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
      FROM (
        SELECT subject_type, subject_id, sequence, hash FROM events
        UNION ALL SELECT subject_type, subject_id, sequence, hash FROM event_removals
      ) AS known ORDER BY subject_type, subject_id, sequence DESC
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
# The digest that the event `events_removed` has of its rows of `event_removals`, and the number of deleted events.
REMOVAL_SUMS = """
    CAST(coalesce(sum(removed), 0) AS bigint) AS events,
    encode(sha256(convert_to(coalesce(string_agg(
      CAST(jsonb_build_array(subject_type, subject_id, sequence, removed, encode(hash, 'hex')) AS text), ','
      ORDER BY subject_type COLLATE "C", subject_id, sequence), ''), 'UTF8')), 'hex') AS digest
"""
_REMOVALS = text(
    f"""
    SELECT removal FROM (
      SELECT CAST(removal AS text) AS removal, {REMOVAL_SUMS} FROM event_removals GROUP BY removal
    ) AS marked FULL JOIN (
      SELECT data ->> 'removal' AS removal, CAST(data ->> 'events' AS bigint) AS events, data ->> 'digest' AS digest
      FROM events WHERE type = 'events_removed'
    ) AS recorded USING (removal)
    WHERE coalesce(marked.events, 0) <> coalesce(recorded.events, -1)
      OR coalesce(marked.digest, '') <> coalesce(recorded.digest, '')
    ORDER BY removal LIMIT 1
    """  # noqa: S608  constant SQL
)
_MISCOUNTED = text(
    """
    SELECT subject_type, subject_id FROM event_removals
    GROUP BY 1, 2 HAVING sum(removed) <> max(sequence) ORDER BY 1, 2 LIMIT 1
    """
)
_COUNTS = text(
    "SELECT (SELECT count(*) FROM event_heads) AS chains, "
    "CAST((SELECT coalesce(sum(removed), 0) FROM event_removals) AS bigint) AS removed"
)


@dataclass(frozen=True, slots=True)
class LogCheck:
    """The number of rows and chains checked, and the first fault in words; empty when there is none.

    `erased` is how many of the rows had personal data that was erased, and `removed` how many rows were deleted as old.
    """

    events: int
    chains: int
    fault: str
    erased: int = 0
    removed: int = 0


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
    if fault := await _find_removal_fault(session):
        return LogCheck(seen, 0, fault)
    counts = (await session.execute(_COUNTS)).one()
    return LogCheck(seen, counts.chains, "", erased, counts.removed)


async def _find_removal_fault(session: AsyncSession) -> str:
    """Return the first fault of the removals of old events; "" when there is none."""
    uncovered = (await session.execute(_REMOVALS)).first()
    if uncovered:
        return f"the removal {uncovered.removal} is not what an event events_removed says of it"
    wrong = (await session.execute(_MISCOUNTED)).first()
    if wrong:
        return f"more or fewer events about {wrong.subject_type} {wrong.subject_id} are gone than were removed as old"
    return ""
