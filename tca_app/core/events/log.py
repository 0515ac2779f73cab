"""The event log: the `Event` base class, and `emit`, which writes an event in the caller's transaction.

`emit` also enqueues a job for each consumer of the event.

The catalogue consists of the subclasses of `Event`, which each feature defines in `events.py`. The log is append-only,
and every row is hash-chained to the previous one of the same subject (docs/decisions/0016). Jobs use procrastinate.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar
from uuid import UUID, uuid4

import orjson
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor, client_ip_var
from tca_app.core.cache.shared import changed
from tca_app.core.events.words import spoken, spoken_subject
from tca_app.core.language.messages import _
from tca_app.core.telemetry.log import request_id_var
from tca_app.core.telemetry.redaction import is_secret
from tca_app.core.telemetry.tracing import traceparent

# Consumer name to the queue of its jobs.
QUEUES = {
    "analytics": "analytics_queue",
    "notifications": "notification_queue",
    "streams": "stream_queue",
    "subscribers": "subscriber_queue",
    "webhooks": "webhook_queue",
}
TASK_PREFIX = "consume_"
# SQL conditions for consumers that are often idle: no job is enqueued while the condition is false.
NEEDED = {
    "subscribers": "EXISTS (SELECT FROM status_subscribers)",
    "webhooks": "(EXISTS (SELECT FROM webhooks) OR EXISTS (SELECT FROM slack_channels))",
}
CATALOGUE: dict[str, type["Event"]] = {}


class Event(BaseModel):
    """Something that happened to a subject. `before` and `after` hold the changed fields only, never a secret.

    A subclass sets `type` (in the past tense), `subject_type`, `title` (a sentence with {actor} and {subject}) and
    `consumers = NOTIFYING` when people are notified (features.notifications.kinds says who). Fields of its own go into
    `data`, beside `before` and `after`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ClassVar[str] = ""
    version: ClassVar[int] = 1
    subject_type: ClassVar[str] = ""
    title: ClassVar[str] = ""
    own_title: ClassVar[str] = ""  # when a user acts on their own account; without it, `title`
    own_texts: ClassVar[tuple[str, ...]] = ()  # fields that the console wrote, to be shown in the language of a reader
    consumers: ClassVar[tuple[str, ...]] = ("analytics", "streams", "webhooks")

    subject_id: int
    subject_name: str
    project_id: int | None = None
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        if cls.type and CATALOGUE.setdefault(cls.type, cls) is not cls:
            raise TypeError(f"two events are called {cls.type}")

    def data(self) -> dict[str, Any]:
        """Return what the log stores besides the columns. Raises ValueError for a field named like a secret."""
        data = self.model_dump(mode="json", exclude={"subject_id", "subject_name", "project_id"})
        for name in (*data, *data["before"], *data["after"]):
            if is_secret(name):
                raise ValueError(f"{self.type} must not log {name}")
        return data


NOTIFYING = (*Event.consumers, "notifications")
PUBLISHED = (*NOTIFYING, "subscribers")  # also to strangers, if it is about something on the public page


def sentence(type_: str, *, actor: str, subject: str, data: dict[str, Any], is_own: bool = False) -> str:
    """Describe an event in a sentence. An unknown type, e.g. from a newer version, returns the bare type.

    `is_own` says that the actor is the subject.
    """
    event = CATALOGUE.get(type_)
    if event is None:
        return type_
    names = {"actor": actor, "subject": spoken_subject(event.subject_type, subject, data)}
    return _((is_own and event.own_title) or event.title).format_map({**spoken(data, event.own_texts), **names})


def own_texts(type_: str) -> tuple[str, ...]:
    """Return the fields of an event that the console wrote."""
    return CATALOGUE[type_].own_texts if type_ in CATALOGUE else ()


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as a consumer reads it from the log."""

    id: int
    uuid: UUID
    at: datetime
    type: str
    version: int
    subject_type: str
    subject_id: int
    subject_name: str
    sequence: int
    actor_type: str
    actor_id: int | None
    actor_name: str
    project_id: int | None
    data: dict[str, Any]
    ip: str
    request_id: str

    @property
    def cause(self) -> dict[str, Any]:
        """Return the cause for a job about this event, enqueued from a batch."""
        return {"request_id": self.request_id, "user_id": self.actor_id}

    def for_services(self) -> dict[str, Any]:
        """Return the fields for the operator's own services, with the request id of each event."""
        return self.public() | {"request_id": self.request_id}

    def public(self) -> dict[str, Any]:
        """Return the fields for all other readers: without the IP address and the request id."""
        return {
            "uuid": str(self.uuid),
            "type": self.type,
            "version": self.version,
            "subject_type": self.subject_type,
            "subject_id": self.subject_id,
            "subject_name": self.subject_name,
            "sequence": self.sequence,
            "project_id": self.project_id,
            "actor_id": self.actor_id,
            "at": self.at.astimezone(UTC).isoformat(),
            "data": self.data,
        }


EVENT_COLUMNS = ", ".join(field.name for field in fields(RecordedEvent))

# The consumers are part of the statement text, because lists are slow as parameters. The rows equal those of
# procrastinate's own function, which takes an array of composites and would double the cost.
_EMIT = """
    WITH logged AS (
      INSERT INTO events (uuid, type, version, subject_type, subject_id, subject_name, actor_type, actor_id, actor_name,
                          project_id, data, ip, request_id)
      VALUES (:uuid, :type, :version, :subject_type, :subject_id, :subject_name, :actor_type, :actor_id, :actor_name,
              :project_id, :data, :ip, :request_id)
      RETURNING id
    )
    INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at)
    SELECT queue_name, task_name, jsonb_build_object('event_id', id, 'cause', jsonb_build_object(
      'request_id', CAST(:request_id AS text), 'user_id', CAST(:actor_id AS bigint),
      'traceparent', CAST(:traceparent AS text))), now()
    FROM logged, ({jobs}) AS job (queue_name, task_name)
"""


@cache
def _emit_to(consumers: tuple[str, ...]) -> TextClause:
    jobs = [f"SELECT '{QUEUES[name]}', '{TASK_PREFIX}{name}' WHERE {NEEDED.get(name, 'true')}" for name in consumers]
    return text(_EMIT.format(jobs=" UNION ALL ".join(jobs)))


async def emit(session: AsyncSession, actor: Actor | None, event: Event, leave_out: Collection[str] = ()) -> None:
    """Log an event and enqueue its jobs, atomically with the transaction. Without an actor it is the system's.

    The consumers in `leave_out` do not get it.
    """
    row = event_row(actor, event)
    values = row | {"data": Jsonb(row["data"], orjson.dumps), "traceparent": traceparent()}
    consumers = tuple(name for name in event.consumers if name not in leave_out)
    await session.execute(_emit_to(consumers), values)
    changed(session, event.subject_type)


def _acted_for(actor: Actor | None) -> dict[str, Any]:
    """Return the fields of the user whom an administrator acted as; the actor of the event is the administrator."""
    return {"acting_for_id": actor.user_id, "acting_for": actor.display_name} if actor and actor.acting_id else {}


def event_row(actor: Actor | None, event: Event) -> dict[str, Any]:
    """Return the values of a log row, without those that the database computes."""
    return {
        "uuid": uuid4(),
        "type": event.type,
        "version": event.version,
        "subject_type": event.subject_type,
        "subject_id": event.subject_id,
        "subject_name": event.subject_name,
        "project_id": event.project_id,
        "data": event.data() | _acted_for(actor),
        "actor_type": ("token" if actor.token_id else "user") if actor else "system",
        "actor_id": actor.event_id if actor else None,
        "actor_name": actor.event_name if actor else "System",
        "ip": actor.ip if actor else client_ip_var.get(),
        "request_id": (actor.request_id if actor else "") or request_id_var.get(),
    }
