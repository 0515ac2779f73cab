"""Indexes for members of many busy projects: their sums by day, and how many of their deployments ended since a day.

Both are read from the index alone. Built without holding up those who write.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0090"
down_revision: str | None = "0080"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SUMS = ("ix_daily_deployments_sums", "daily_deployments", ["project_id", "day"])
BY_PROJECT = ("ix_daily_deployments_by_project", "daily_deployments", ["project_id", "day"])
ENDED = ("ix_deployments_ended_by_project", "deployments", ["project_id", "finished_at"])


def _make(name: str, table: str, columns: list[str], **options: object) -> None:
    op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")  # one that was not finished
    op.create_index(name, table, columns, postgresql_concurrently=True, **options)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        _make(*SUMS, postgresql_include=["succeeded", "failed", "cancelled"])
        _make(*ENDED, postgresql_where=sa.text("finished_at IS NOT NULL"))
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {BY_PROJECT[0]}")
        op.execute("RESET lock_timeout")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        _make(*BY_PROJECT)
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {SUMS[0]}")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {ENDED[0]}")
        op.execute("RESET lock_timeout")
