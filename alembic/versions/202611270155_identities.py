"""Identities at providers, sign-ins under way there, and accounts without a password."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from initial_schema.build import bigint, binary, create_index, create_table, reference, row, text, timestamp

revision: str = "202611270155"
down_revision: str | None = "202611262243"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    create_table(
        "identities",
        *row(),
        reference("user_id", "users"),
        text("provider"),
        text("issuer"),
        text("subject"),
        text("name", ""),
        timestamp("last_used_at", nullable=True),
    )
    create_index("uq_identities_subject", "identities", "provider", "issuer", "subject")
    create_index("uq_identities_user", "identities", "user_id", "provider", "issuer")
    create_table(
        "pending_sign_ins",
        *row(),
        binary("state_hash"),
        binary("browser_hash"),
        text("provider"),
        text("intent"),
        bigint("session_id", nullable=True),
        text("next_path", ""),
        timestamp("expires_at"),
    )
    create_index("uq_pending_sign_ins_state", "pending_sign_ins", "state_hash")
    create_index("ix_pending_sign_ins_expires_at", "pending_sign_ins", "expires_at")
    op.alter_column("users", "hashed_password", existing_type=sa.Text(), nullable=True)


def downgrade() -> None:
    op.execute("UPDATE users SET hashed_password = '!' WHERE hashed_password IS NULL")
    op.alter_column("users", "hashed_password", existing_type=sa.Text(), nullable=False)
    op.drop_table("pending_sign_ins")
    op.drop_table("identities")
