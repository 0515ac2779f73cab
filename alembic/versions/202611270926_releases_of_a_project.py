"""Releases of a project are found by their version."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "202611270926"
down_revision: str | None = "202611270924"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False

NAME = "ix_deployments_releases"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")  # one that was not finished
        columns, where = ["project_id", "version", "finished_at"], sa.text("status = 'succeeded'")
        op.create_index(NAME, "deployments", columns, postgresql_where=where, postgresql_concurrently=True)
        op.execute("RESET lock_timeout")


def downgrade() -> None:
    op.drop_index(NAME, "deployments")
