"""The project or the webhook whose list a saved view is of."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "202611271558"
down_revision: str | None = "202611271402"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False

RECORDS = (("project_id", "projects"), ("webhook_id", "webhooks"))


def upgrade() -> None:
    for column, table in RECORDS:
        op.add_column("saved_views", sa.Column(column, sa.BigInteger(), nullable=True))
        name = op.f(f"fk_saved_views_{column}_{table}")
        op.create_foreign_key(name, "saved_views", table, [column], ["id"], ondelete="CASCADE")


def downgrade() -> None:
    for column, _ in RECORDS:
        op.drop_column("saved_views", column)
