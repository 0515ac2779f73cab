"""For whom a one-time token is, and when the user of a session last proved who they are."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from initial_schema.build import NOW, text, timestamp

revision: str = "202611262050"
down_revision: str | None = "1000"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("auth_sessions", timestamp("verified_at", NOW))
    op.add_column("one_time_tokens", sa.Column("user_id", sa.BigInteger(), nullable=True))
    op.add_column("one_time_tokens", text("email", ""))
    op.create_foreign_key(
        op.f("fk_one_time_tokens_user_id"), "one_time_tokens", "users", ["user_id"], ["id"], ondelete="CASCADE"
    )
    op.create_index(
        "ix_one_time_tokens_user_id", "one_time_tokens", ["user_id"], postgresql_where=sa.text("user_id IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_column("one_time_tokens", "email")
    op.drop_column("one_time_tokens", "user_id")
    op.drop_column("auth_sessions", "verified_at")
