"""Subscribers get mails in the language in which they subscribed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "202611271643"
down_revision: str | None = "202611271558"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False


def upgrade() -> None:
    op.add_column("status_subscribers", sa.Column("language", sa.Text(), server_default="en", nullable=False))


def downgrade() -> None:
    op.drop_column("status_subscribers", "language")
