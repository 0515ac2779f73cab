"""Webhooks, and every delivery attempt."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, Row, TableModel, sealed


class Webhook(Row, table=True):
    """A webhook. Null `project_id`: events of all projects. Empty `event_types`: all types. Secrets are encrypted.

    `old_secret` also signs, beside `secret`, until `old_secret_until`. `failures` counts consecutive failed deliveries.
    """

    __tablename__ = "webhooks"
    __table_args__ = (
        Index("ix_webhooks_project_id", "project_id"),
        CheckConstraint("(disabled_at IS NULL) OR NOT is_active", name="disabled_is_off"),
    )

    project_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="projects.id", ondelete="CASCADE")
    url: str = Field(sa_type=Text)
    description: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    event_types: list[str] = Field(sa_column=Column(ARRAY(Text), server_default="{}", nullable=False))
    is_active: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})
    version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    failures: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    disabled_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    disabled_why: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    secret: bytes = sealed("webhook")
    old_secret: bytes | None = sealed("webhook", is_optional=True)
    old_secret_until: datetime | None = Field(default=None, sa_type=UTC_TIME)
    created_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    updated_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")


class WebhookDelivery(TableModel, table=True):
    """One delivery attempt. `retrying`: another follows; `failed`: it was the last one. A test has no event.

    It has no foreign key to the event, because it keeps what it sent. Of the response it stores status, type, size and
    time, never the body (docs/decisions/0020).
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint("status IN ('succeeded', 'retrying', 'failed')", name="status"),
        Index("ix_webhook_deliveries_newest", "webhook_id", text("id DESC")),
        Index("uq_webhook_deliveries_attempt", "webhook_id", "message_id", "attempt", unique=True),
    )

    id: int | None = Field(default=None, sa_type=BigInteger, primary_key=True, sa_column_args=(Identity(always=False),))
    webhook_id: int = Field(sa_type=BigInteger, foreign_key="webhooks.id", ondelete="CASCADE")
    event_id: int | None = Field(default=None, sa_type=BigInteger)
    event_type: str = Field(sa_type=Text)
    message_id: str = Field(sa_type=Text)
    attempt: int = Field(sa_type=SmallInteger)
    at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": text("now()"), "nullable": False}
    )
    status: str = Field(sa_type=Text)
    url: str = Field(sa_type=Text)
    request_headers: dict[str, str] = Field(sa_type=JSONB)
    request_body: str = Field(sa_type=Text)
    response_code: int | None = Field(default=None)
    response_type: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    response_size: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    duration_ms: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    error: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
