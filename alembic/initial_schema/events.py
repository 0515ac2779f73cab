"""The event log, what is derived from it, and notifications."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from initial_schema.build import (
    NOW,
    bigint,
    binary,
    boolean,
    create_index,
    create_search_index,
    create_table,
    date,
    integer,
    reference,
    row,
    search_text,
    text,
    timestamp,
)

TABLES = (
    "events",
    "event_heads",
    "event_effects",
    "job_failures",
    "daily_metrics",
    "notifications",
    "notification_preferences",
    "notification_digests",
)


def create() -> None:
    _create_log()
    _create_derived()
    _create_notifications()


def _create_log() -> None:
    create_table(
        "events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        timestamp("at", "clock_timestamp()"),
        text("type"),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        text("subject_type"),
        bigint("subject_id"),
        text("subject_name"),
        bigint("sequence"),
        text("actor_type"),
        bigint("actor_id", nullable=True),
        text("actor_name"),
        bigint("project_id", nullable=True),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        text("ip"),
        text("request_id"),
        binary("previous_hash"),
        binary("hash"),
        search_text("actor_name", "subject_name", "type"),
    )
    create_index("uq_events_uuid", "events", "uuid")
    create_index("uq_events_chain", "events", "subject_type", "subject_id", "sequence")
    create_index("ix_events_by_project", "events", "project_id", "id DESC", where="project_id IS NOT NULL")
    create_index("ix_events_by_actor", "events", "actor_id", "id DESC", where="actor_id IS NOT NULL")
    create_index("ix_events_by_type", "events", "type", "id DESC")
    create_index("ix_events_by_time", "events", "at")
    create_search_index("events")
    create_table(
        "event_heads",
        text("subject_type"),
        bigint("subject_id"),
        bigint("sequence"),
        binary("hash"),
        key=("subject_type", "subject_id"),
    )


def _create_derived() -> None:
    create_table(
        "event_effects",
        text("consumer"),
        bigint("event_id"),
        timestamp("at", NOW),
        key=("consumer", "event_id"),
    )
    create_table(
        "job_failures",
        bigint("job_id"),
        integer("attempt"),
        text("error"),
        timestamp("at", NOW),
        key=("job_id", "attempt"),
    )
    create_table(
        "daily_metrics",
        date("day"),
        text("name"),
        text("dimension", ""),
        bigint("value"),
        key=("day", "name", "dimension"),
    )


def _create_notifications() -> None:
    create_table(
        "notifications",
        *row(),
        reference("user_id", "users"),
        reference("event_id", "events"),
        text("kind"),
        text("title"),
        text("body"),
        text("link"),
        timestamp("read_at", nullable=True),
    )
    create_index("uq_notifications_event", "notifications", "user_id", "event_id")
    create_index("ix_notifications_newest", "notifications", "user_id", "id DESC")
    create_index("ix_notifications_unread", "notifications", "user_id", where="read_at IS NULL")
    create_table(
        "notification_preferences",
        reference("user_id", "users"),
        text("kind"),
        text("channel"),
        boolean("is_on"),
        key=("user_id", "kind", "channel"),
    )
    create_table(
        "notification_digests",
        reference("user_id", "users"),
        timestamp("sent_at"),
        key=("user_id",),
    )
