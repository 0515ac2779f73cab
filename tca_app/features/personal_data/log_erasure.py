"""Erases a person from the event log. Ids, times and the chain stay; `verify-log` checks what was erased."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import BigInteger, Text

from tca_app.core.events.log import EVENT_COLUMNS, RecordedEvent
from tca_app.features.personal_data.scrubbing import Person, scrub_event

BATCH = 500

# Every event that may name the person. There is no index for most of this: an erasure reads the log once.
_CONCERNED = text(
    f"""
    SELECT {EVENT_COLUMNS} FROM events WHERE id > :after AND (
      actor_id = :person_id
      OR (subject_type = 'user' AND subject_id = :person_id)
      OR (subject_type = 'invitation' AND subject_id = ANY(:invitations))
      OR jsonb_path_exists(data, '$.* ? (@ == $id)', jsonb_build_object('id', CAST(:person_id AS bigint)))
      OR lower(data ->> 'reporter') = ANY(:logins)
      OR EXISTS (
        SELECT FROM unnest(:phrases) AS phrase
        WHERE strpos(lower(concat(CAST(data AS text), subject_name, actor_name)), phrase) > 0
      )
    ) ORDER BY id LIMIT :most
    """  # noqa: S608  constant SQL
).bindparams(
    bindparam("invitations", type_=ARRAY(BigInteger)),
    bindparam("logins", type_=ARRAY(Text)),
    bindparam("phrases", type_=ARRAY(Text)),
)
_ERASE = text("SELECT erase_events(:erasure, :changes)").bindparams(bindparam("changes", type_=JSONB))
_DIGEST = text(
    "SELECT coalesce(encode(sha256(string_agg(seal, CAST('' AS bytea) ORDER BY event_id)), 'hex'), '') "
    "FROM event_erasures WHERE erasure = :erasure"
)


@dataclass(frozen=True, slots=True)
class LogErasure:
    """The events as they are now, and the digest of their seals; empty without events."""

    events: list[RecordedEvent]
    digest: str


async def erase_log(session: AsyncSession, person: Person, erasure: UUID) -> LogErasure:
    """Erases the person from every event, under the mark `erasure`. Take the lock `erasure` first."""
    erased: list[RecordedEvent] = []
    last = 0
    while rows := await _read(session, person, last):
        changed = [after for event in rows if (after := scrub_event(event, person)) != event]
        if changed:
            values = {"erasure": erasure, "changes": list(_changes(changed))}
            await session.execute(_ERASE, values)
        erased += changed
        last = rows[-1].id
    return LogErasure(erased, (await session.execute(_DIGEST, {"erasure": erasure})).scalar_one())


async def _read(session: AsyncSession, person: Person, after: int) -> list[RecordedEvent]:
    values = {
        "after": after,
        "person_id": person.id,
        "invitations": sorted(person.invitations),
        "logins": sorted(person.logins),
        "phrases": sorted(phrase.lower() for phrase in person.phrases),
        "most": BATCH,
    }
    return [RecordedEvent(**row) for row in (await session.execute(_CONCERNED, values)).mappings()]


def _changes(events: Iterable[RecordedEvent]) -> Iterable[dict[str, Any]]:
    for event in events:
        yield {
            "id": event.id,
            "subject_name": event.subject_name,
            "actor_name": event.actor_name,
            "data": event.data,
            "ip": event.ip,
        }
