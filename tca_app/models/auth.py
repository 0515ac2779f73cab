"""Sign-in tables: sessions, throttles, one-time tokens, invitations, identities, factors; stored responses of POSTs."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, Text, Uuid, func, text
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, Row, TableModel, sealed

IS_UNANSWERED = "accepted_at IS NULL AND revoked_at IS NULL"  # an invitation


class AuthSession(Row, table=True):
    """A session of a browser or a script. Only hashes of its tokens are stored.

    Valid while not revoked, not expired, not idle for too long, and `auth_version` equals that of its user.
    `verified_at`: when its user last proved who they are, which sensitive changes need again after ten minutes.
    `acting_for_id`: the user whom its user, an administrator, acts as until `acting_until`.
    """

    __tablename__ = "auth_sessions"
    __table_args__ = (
        Index("uq_auth_sessions_token_hash", "token_hash", unique=True),
        Index("uq_auth_sessions_family", "family", unique=True),
        Index("ix_auth_sessions_user_id", "user_id", postgresql_where=text("revoked_at IS NULL")),
        Index("ix_auth_sessions_expires_at", "expires_at"),
        Index("ix_auth_sessions_acting_for_id", "acting_for_id", postgresql_where=text("acting_for_id IS NOT NULL")),
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
    verified_at: datetime = Field(sa_type=UTC_TIME, sa_column_kwargs={"server_default": func.now()}, default=None)
    expires_at: datetime = Field(sa_type=UTC_TIME)
    revoked_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    revoked_reason: str | None = Field(default=None, sa_type=Text)
    acting_for_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    acting_until: datetime | None = Field(default=None, sa_type=UTC_TIME)


class LoginThrottle(TableModel, table=True):
    """Consecutive failed sign-ins: per account, per entered name, per known browser or per session."""

    __tablename__ = "login_throttles"

    key: str = Field(primary_key=True, sa_type=Text)
    failures: int
    last_failed_at: datetime = Field(sa_type=UTC_TIME)
    blocked_until: datetime | None = Field(default=None, sa_type=UTC_TIME)


class OneTimeToken(Row, table=True):
    """A single-use link or code, such as the setup link. Only the hash of its token is stored.

    `user_id` is whom it is for, if it is for one user; `email` the address that it was sent to.
    """

    __tablename__ = "one_time_tokens"
    __table_args__ = (
        Index("uq_one_time_tokens_token_hash", "token_hash", unique=True),
        Index("ix_one_time_tokens_user_id", "user_id", postgresql_where=text("user_id IS NOT NULL")),
    )

    purpose: str = Field(sa_type=Text)
    token_hash: bytes = Field(sa_type=LargeBinary)
    user_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="CASCADE")
    email: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    expires_at: datetime = Field(sa_type=UTC_TIME)
    used_at: datetime | None = Field(default=None, sa_type=UTC_TIME)


class Invitation(Row, table=True):
    """An invitation by mail. Only the hash of its link's token is stored, none before the mail is made.

    An address has one unanswered invitation for each project, and one to the console alone (`project_id` is null).
    """

    __tablename__ = "invitations"
    __table_args__ = (
        CheckConstraint("role IN ('maintainer', 'deployer', 'viewer')", name="role"),
        CheckConstraint("(project_id IS NULL) = (role IS NULL)", name="role_in_project"),
        Index(
            "uq_invitations_unanswered",
            "email",
            text("coalesce(project_id, 0)"),
            unique=True,
            postgresql_where=text(IS_UNANSWERED),
        ),
        Index("uq_invitations_token_hash", "token_hash", unique=True),
        Index("ix_invitations_newest", text("created_at DESC"), text("id DESC")),
        Index("ix_invitations_project_id", "project_id", text("created_at DESC"), text("id DESC")),
    )

    email: str = Field(sa_type=Text)
    project_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="projects.id", ondelete="CASCADE")
    role: str | None = Field(default=None, sa_type=Text)
    invited_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    token_hash: bytes | None = Field(default=None, sa_type=LargeBinary, repr=False)
    expires_at: datetime = Field(sa_type=UTC_TIME)
    accepted_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    accepted_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    revoked_at: datetime | None = Field(default=None, sa_type=UTC_TIME)


class Identity(Row, table=True):
    """A way to sign in. The provider, its issuer and the subject there identify the person, never a name or an email.

    `name` is what the provider calls the person, for display only; it is renewed at each sign-in.
    """

    __tablename__ = "identities"
    __table_args__ = (
        Index("uq_identities_subject", "provider", "issuer", "subject", unique=True),
        Index("uq_identities_user", "user_id", "provider", "issuer", unique=True),
    )

    user_id: int = Field(sa_type=BigInteger, foreign_key="users.id", ondelete="CASCADE")
    provider: str = Field(sa_type=Text)
    issuer: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    name: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    last_used_at: datetime | None = Field(default=None, sa_type=UTC_TIME)


class PendingSignIn(Row, table=True):
    """A sign-in that somebody began and has not finished at the provider. Works once, in the browser that began it.

    Only hashes of the state and of the browser's cookie are stored; the nonce and the PKCE verifier derive from both.
    `session_id` is set when a signed-in person links an identity or proves again who they are.
    """

    __tablename__ = "pending_sign_ins"
    __table_args__ = (
        Index("uq_pending_sign_ins_state", "state_hash", unique=True),
        Index("ix_pending_sign_ins_expires_at", "expires_at"),
    )

    state_hash: bytes = Field(sa_type=LargeBinary)
    browser_hash: bytes = Field(sa_type=LargeBinary)
    provider: str = Field(sa_type=Text)
    intent: str = Field(sa_type=Text)
    session_id: int | None = Field(default=None, sa_type=BigInteger)
    next_path: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    expires_at: datetime = Field(sa_type=UTC_TIME)


class IdempotencyKey(TableModel, table=True):
    """The response to a POST, stored for 24 hours under the caller's key."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)

    user_id: int = Field(sa_type=BigInteger, foreign_key="users.id", ondelete="CASCADE", primary_key=True)
    key: str = Field(primary_key=True, sa_type=Text)
    fingerprint: bytes = Field(sa_type=LargeBinary)
    answer: str = Field(sa_type=Text)
    created_at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": func.now(), "nullable": False}
    )


class Factor(Row, table=True):
    """An authenticator app (`totp`) or a passkey of a user. It counts once it is confirmed.

    `sealed_secret`: of an app, encrypted. `last_step`: the time step of the last code that was accepted, as each code
    works once. `credential_id`, `public_key` and `sign_count` are those of a passkey.
    `user_handle`: how its device names the account; null if a process of an older version added it.
    """

    __tablename__ = "factors"
    __table_args__ = (
        CheckConstraint("kind IN ('totp', 'passkey')", name="kind"),
        Index("ix_factors_user_id", "user_id"),
        Index(
            "uq_factors_credential_id", "credential_id", unique=True, postgresql_where=text("credential_id IS NOT NULL")
        ),
    )

    user_id: int = Field(sa_type=BigInteger, foreign_key="users.id", ondelete="CASCADE")
    kind: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    sealed_secret: bytes | None = sealed("totp:{user_id}", is_optional=True)
    last_step: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})
    credential_id: bytes | None = Field(default=None, sa_type=LargeBinary)
    public_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    user_handle: str | None = Field(default=None, sa_type=Text)
    sign_count: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})
    confirmed_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    last_used_at: datetime | None = Field(default=None, sa_type=UTC_TIME)


class RecoveryCode(Row, table=True):
    """A recovery code, which works once in place of a second factor. Only its hash is stored, encrypted.

    The first ones were keyed hashes of 32 bytes instead.
    """

    __tablename__ = "recovery_codes"
    __table_args__ = (Index("uq_recovery_codes_user_id_code_hash", "user_id", "code_hash", unique=True),)

    user_id: int = Field(sa_type=BigInteger, foreign_key="users.id", ondelete="CASCADE")
    code_hash: bytes = sealed("recovery_code:{user_id}")
    used_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
