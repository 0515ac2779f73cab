"""API tokens of people and of projects, and what CI jobs exchange for one: ID tokens of trusted issuers."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, Row, TableModel


class ApiToken(Row, table=True):
    """An API token. Only the hash of its text is stored; `prefix` is its beginning, by which people recognise it.

    It acts as `user_id`: the person it belongs to, or the service account of a project's token. Valid while not
    revoked and not expired. A rotation adds a row with `rotated_from_id` and lets the old one expire. `ci_trust_id`:
    a CI job got it for an ID token of this trust.
    """

    __tablename__ = "api_tokens"
    __table_args__ = (
        Index("uq_api_tokens_token_hash", "token_hash", unique=True),
        Index("uq_api_tokens_rotated_from_id", "rotated_from_id", unique=True),
        Index("ix_api_tokens_user_id", "user_id"),
        Index("ix_api_tokens_project_id", "project_id", postgresql_where=text("project_id IS NOT NULL")),
        Index("ix_api_tokens_ci_trust_id", "ci_trust_id", postgresql_where=text("ci_trust_id IS NOT NULL")),
        Index("ix_api_tokens_expires_at", "expires_at", postgresql_where=text("revoked_at IS NULL")),
    )

    user_id: int = Field(sa_type=BigInteger, foreign_key="users.id", ondelete="CASCADE")
    project_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="projects.id", ondelete="CASCADE")
    created_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    rotated_from_id: int | None = Field(
        default=None, sa_type=BigInteger, foreign_key="api_tokens.id", ondelete="SET NULL"
    )
    ci_trust_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="ci_trusts.id", ondelete="CASCADE")
    name: str = Field(sa_type=Text)
    prefix: str = Field(sa_type=Text)
    token_hash: bytes = Field(sa_type=LargeBinary, repr=False)
    scopes: list[str] = Field(sa_type=ARRAY(Text))
    allowed_networks: list[str] = Field(sa_type=ARRAY(Text))
    expires_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    last_used_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    revoked_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    warned_at: datetime | None = Field(default=None, sa_type=UTC_TIME)


class CiTrust(Row, table=True):
    """An OpenID Connect issuer that a project trusts for certain claims.

    Its tokens act as `user_id`, a service account of its own. `claims` maps the name of a claim to the value that it
    must have, which may end with `*`.
    """

    __tablename__ = "ci_trusts"
    __table_args__ = (
        Index("ix_ci_trusts_project_id", "project_id"),
        Index("ix_ci_trusts_issuer", "issuer"),
        Index("uq_ci_trusts_user_id", "user_id", unique=True),
    )

    project_id: int = Field(sa_type=BigInteger, foreign_key="projects.id", ondelete="CASCADE")
    user_id: int = Field(sa_type=BigInteger, foreign_key="users.id", ondelete="CASCADE")
    created_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    name: str = Field(sa_type=Text)
    issuer: str = Field(sa_type=Text)
    claims: dict[str, Any] = Field(sa_type=JSONB)
    version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    updated_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    last_used_at: datetime | None = Field(default=None, sa_type=UTC_TIME)


class UsedIdToken(TableModel, table=True):
    """An ID token that was exchanged, by the hash of what its issuer signed, until it is certainly expired."""

    __tablename__ = "used_id_tokens"
    __table_args__ = (Index("ix_used_id_tokens_expires_at", "expires_at"),)

    token_hash: bytes = Field(sa_type=LargeBinary, primary_key=True, repr=False)
    expires_at: datetime = Field(sa_type=UTC_TIME)
