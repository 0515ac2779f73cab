"""What lets CI jobs in without a stored secret: trusted issuers, and the ID tokens that were used."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, Row, TableModel


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
    last_used_at: datetime | None = Field(default=None, sa_type=UTC_TIME)


class UsedIdToken(TableModel, table=True):
    """An ID token that was exchanged, by the hash of what its issuer signed, until it is certainly expired."""

    __tablename__ = "used_id_tokens"
    __table_args__ = (Index("ix_used_id_tokens_expires_at", "expires_at"),)

    token_hash: bytes = Field(sa_type=LargeBinary, primary_key=True, repr=False)
    expires_at: datetime = Field(sa_type=UTC_TIME)
