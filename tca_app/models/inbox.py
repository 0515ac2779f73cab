"""What people are told: the inbox of each, and by which ways they want to hear of what."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text, text
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, Row, TableModel


class Notification(Row, table=True):
    """One line in one person's inbox. The event behind it and the person make it unique."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index("uq_notifications_event", "user_id", "event_id", unique=True),
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
    """Whether a person hears of a kind by a channel; without a row the default of the kind holds."""

    __tablename__ = "notification_preferences"

    user_id: int = Field(
        sa_type=BigInteger,
        foreign_key="users.id",
        ondelete="CASCADE",
        primary_key=True,
        sa_column_kwargs={"autoincrement": False},
    )
    kind: str = Field(primary_key=True, sa_type=Text)
    channel: str = Field(primary_key=True, sa_type=Text)
    is_on: bool


class NotificationDigest(TableModel, table=True):
    """When a person was last sent a summary."""

    __tablename__ = "notification_digests"

    user_id: int = Field(
        sa_type=BigInteger,
        foreign_key="users.id",
        ondelete="CASCADE",
        primary_key=True,
        sa_column_kwargs={"autoincrement": False},
    )
    sent_at: datetime = Field(sa_type=UTC_TIME)
