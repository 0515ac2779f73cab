"""The append-only event log, the head of each hash chain, erasures, handled events and job failures."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Computed, Identity, Index, LargeBinary, SmallInteger, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, TableModel


class LoggedEvent(TableModel, table=True):
    """One event. A trigger computes `sequence`, `salt`, `previous_hash` and `hash` at insert.

    It has no foreign keys, because events outlive their purged subjects. Events that were erased, or written before
    there were salts, have none.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("uq_events_uuid", "uuid", unique=True),
        Index("uq_events_chain", "subject_type", "subject_id", "sequence", unique=True),
        Index("ix_events_by_project", "project_id", text("id DESC"), postgresql_where=text("project_id IS NOT NULL")),
        Index("ix_events_by_actor", "actor_id", text("id DESC"), postgresql_where=text("actor_id IS NOT NULL")),
        Index("ix_events_by_type", "type", text("id DESC")),
        Index("ix_events_by_time", "at"),
        Index("ix_events_grams", text("text_grams(search_text)"), postgresql_using="gin"),
    )

    id: int | None = Field(default=None, sa_type=BigInteger, primary_key=True, sa_column_args=(Identity(always=False),))
    uuid: UUID = Field(sa_type=Uuid)
    at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": func.clock_timestamp(), "nullable": False}
    )
    type: str = Field(sa_type=Text)
    version: int = Field(sa_type=SmallInteger)
    subject_type: str = Field(sa_type=Text)
    subject_id: int = Field(sa_type=BigInteger)
    subject_name: str = Field(sa_type=Text)
    sequence: int = Field(default=None, sa_type=BigInteger, sa_column_kwargs={"nullable": False})
    actor_type: str = Field(sa_type=Text)
    actor_id: int | None = Field(default=None, sa_type=BigInteger)
    actor_name: str = Field(sa_type=Text)
    project_id: int | None = Field(default=None, sa_type=BigInteger)
    data: dict[str, Any] = Field(sa_type=JSONB)
    ip: str = Field(sa_type=Text)
    request_id: str = Field(sa_type=Text)
    salt: bytes | None = Field(default=None, sa_type=LargeBinary, repr=False)
    previous_hash: bytes = Field(default=None, sa_type=LargeBinary, sa_column_kwargs={"nullable": False})
    hash: bytes = Field(default=None, sa_type=LargeBinary, sa_column_kwargs={"nullable": False})
    search_text: str | None = Field(
        default=None,
        sa_column=Column(
            "search_text",
            Text,
            Computed("fold_text(actor_name || E'\\n' || subject_name || E'\\n' || type)", persisted=True),
        ),
    )


class EventHead(TableModel, table=True):
    """The head of the hash chain of one subject. Its row lock serializes writers about the subject."""

    __tablename__ = "event_heads"

    subject_type: str = Field(primary_key=True, sa_type=Text)
    subject_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    sequence: int = Field(sa_type=BigInteger)
    hash: bytes = Field(sa_type=LargeBinary)


class EventErasure(TableModel, table=True):
    """Personal data of an event was erased. `seal` is the hash of what is left; the last one of an event counts.

    `erasure` is in the event `user_erased`, with the digest of all its seals.
    """

    __tablename__ = "event_erasures"

    event_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    id: int | None = Field(default=None, sa_type=BigInteger, primary_key=True, sa_column_args=(Identity(always=False),))
    erasure: UUID = Field(sa_type=Uuid)
    seal: bytes = Field(sa_type=LargeBinary)
    at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": func.now(), "nullable": False}
    )


class EventRemoval(TableModel, table=True):
    """Old events of a chain were deleted up to this `sequence`, whose event had this hash.

    `removal` is in the event `events_removed`, with the digest of all its rows.
    """

    __tablename__ = "event_removals"

    subject_type: str = Field(primary_key=True, sa_type=Text)
    subject_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    sequence: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    removal: UUID = Field(sa_type=Uuid)
    removed: int = Field(sa_type=BigInteger)
    hash: bytes = Field(sa_type=LargeBinary)


class EventEffect(TableModel, table=True):
    """An event handled by a consumer, recorded in the transaction of the effect."""

    __tablename__ = "event_effects"

    consumer: str = Field(primary_key=True, sa_type=Text)
    event_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": func.now(), "nullable": False}
    )


class EventExport(TableModel, table=True):
    """An event that waits for its export to EVENT_EXPORT_TARGET."""

    __tablename__ = "event_exports"

    event_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": func.now(), "nullable": False}
    )


class JobFailure(TableModel, table=True):
    """The reason of a failed job attempt, kept as long as the job."""

    __tablename__ = "job_failures"

    job_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    attempt: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    error: str = Field(sa_type=Text)
    at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": func.now(), "nullable": False}
    )
