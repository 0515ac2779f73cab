"""API tokens of people and of projects."""

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, Index, LargeBinary, Text, text
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, Row


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
