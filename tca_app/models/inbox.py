"""Notifications: the inbox of each person, their preferences and digests, and who gets mails of the public page."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, Text, text
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, Row, TableModel, parent_id, sealed


class Notification(Row, table=True):
    """One entry in one person's inbox, unique per event and person."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index("uq_notifications_event", "user_id", "event_id", unique=True),
        Index("ix_notifications_event_id", "event_id"),
        Index("ix_notifications_newest", "user_id", text("id DESC")),
        Index("ix_notifications_unread", "user_id", postgresql_where=text("read_at IS NULL")),
    )

    user_id: int = Field(sa_type=BigInteger, foreign_key="users.id", ondelete="CASCADE")
    event_id: int = Field(sa_type=BigInteger, foreign_key="events.id", ondelete="CASCADE")
    kind: str = Field(sa_type=Text)
    title: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    link: str = Field(sa_type=Text)
    read_at: datetime | None = Field(default=None, sa_type=UTC_TIME)


class NotificationPreference(TableModel, table=True):
    """Whether a person gets a kind of notification by a channel. Without a row the default of the kind applies."""

    __tablename__ = "notification_preferences"

    user_id: int = parent_id("users")
    kind: str = Field(primary_key=True, sa_type=Text)
    channel: str = Field(primary_key=True, sa_type=Text)
    is_on: bool


class NotificationDigest(TableModel, table=True):
    """When a person was last sent a digest."""

    __tablename__ = "notification_digests"

    user_id: int = parent_id("users")
    sent_at: datetime = Field(sa_type=UTC_TIME)


class StatusSubscriber(Row, table=True):
    """An address that confirmed that it wants mails about public incidents. `created_at` is when.

    `language` is that of the page on which it confirmed.

    The token of its unsubscribe links is hashed to find the row, and encrypted, because each mail has it.
    """

    __tablename__ = "status_subscribers"
    __table_args__ = (
        Index("uq_status_subscribers_email", "email", unique=True),
        Index("uq_status_subscribers_token_hash", "token_hash", unique=True),
    )

    email: str = Field(sa_type=Text)
    token_hash: bytes = Field(sa_type=LargeBinary)
    token: bytes = sealed("status_subscriber")
    language: str = Field(default="en", sa_type=Text, sa_column_kwargs={"server_default": "en"})
