"""Subscribers of the public status page."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "202611271320"
down_revision: str | None = "202611271310"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False


def upgrade() -> None:
    op.create_table(
        "status_subscribers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_subscribers")),
    )
    for column in ("email", "token_hash"):
        op.create_index(f"uq_status_subscribers_{column}", "status_subscribers", [column], unique=True)


def downgrade() -> None:
    op.drop_table("status_subscribers")
