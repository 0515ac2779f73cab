"""Scheduled backups that ended."""

from collections.abc import Sequence

from alembic import op
from initial_schema.build import bigint, create_table, row, text, timestamp

revision: str = "202611270304"
down_revision: str | None = "202611270235"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    create_table(
        "backup_runs", *row(), timestamp("started_at"), timestamp("finished_at"), bigint("bytes", 0), text("error", "")
    )


def downgrade() -> None:
    op.drop_table("backup_runs")
