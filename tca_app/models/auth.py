"""Sign-in: sessions, the throttle per account, one-time tokens and remembered answers of POST calls."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Index, LargeBinary, Text, Uuid, func, text
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, Row, TableModel


class AuthSession(Row, table=True):
    """One sign-in of a browser or a script. Only hashes of its tokens are kept.

    Valid while not revoked, not expired, not idle for too long, and `auth_version` equals that of its user.
    """

    __tablename__ = "auth_sessions"
    __table_args__ = (
        Index("uq_auth_sessions_token_hash", "token_hash", unique=True),
        Index("uq_auth_sessions_family", "family", unique=True),
        Index("ix_auth_sessions_user_id", "user_id", postgresql_where=text("revoked_at IS NULL")),
        Index("ix_auth_sessions_expires_at", "expires_at"),
    )

    user_id: int = Field(sa_type=BigInteger, foreign_key="users.id", ondelete="CASCADE")
    kind: str = Field(sa_type=Text)
    family: UUID = Field(default_factory=uuid4, sa_type=Uuid)
    token_hash: bytes | None = Field(default=None, sa_type=LargeBinary)
    refresh_hash: bytes | None = Field(default=None, sa_type=LargeBinary)
    previous_refresh_hash: bytes | None = Field(default=None, sa_type=LargeBinary)
    rotated_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    auth_version: int
    user_agent: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    ip: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    last_used_at: datetime = Field(sa_type=UTC_TIME, sa_column_kwargs={"server_default": func.now()}, default=None)
    expires_at: datetime = Field(sa_type=UTC_TIME)
    revoked_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    revoked_reason: str | None = Field(default=None, sa_type=Text)


class LoginThrottle(TableModel, table=True):
    """Failed sign-ins in a row: of an account, of what was typed, of a known browser or of a session."""

    __tablename__ = "login_throttles"

    key: str = Field(primary_key=True, sa_type=Text)
    failures: int
    last_failed_at: datetime = Field(sa_type=UTC_TIME)
    blocked_until: datetime | None = Field(default=None, sa_type=UTC_TIME)


class OneTimeToken(Row, table=True):
    """A link that works once: so far the first-start link to `/setup`. Only the hash is kept."""

    __tablename__ = "one_time_tokens"
    __table_args__ = (Index("uq_one_time_tokens_token_hash", "token_hash", unique=True),)

    purpose: str = Field(sa_type=Text)
    token_hash: bytes = Field(sa_type=LargeBinary)
    expires_at: datetime = Field(sa_type=UTC_TIME)
    used_at: datetime | None = Field(default=None, sa_type=UTC_TIME)


class IdempotencyKey(TableModel, table=True):
    """The answer to a POST, kept 24 h under the key that the caller chose."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)

    user_id: int = Field(sa_type=BigInteger, foreign_key="users.id", ondelete="CASCADE", primary_key=True)
    key: str = Field(primary_key=True, sa_type=Text)
    fingerprint: bytes = Field(sa_type=LargeBinary)
    answer: str = Field(sa_type=Text)
    created_at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": func.now(), "nullable": False}
    )
