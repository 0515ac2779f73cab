"""External ids are found without their project too."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "202611262148"
down_revision: str | None = "202611262120"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NEW, OLD = "uq_deployments_by_external_id", "uq_deployments_external_id"


def upgrade() -> None:
    _replace(OLD, NEW, ["external_id", "project_id"])


def downgrade() -> None:
    _replace(NEW, OLD, ["project_id", "external_id"])


def _replace(old: str, new: str, columns: list[str]) -> None:
    """Builds the new index first, so that ids are unique at all times."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {new}")  # one that was not finished
        where = sa.text("external_id IS NOT NULL")
        op.create_index(new, "deployments", columns, unique=True, postgresql_where=where, postgresql_concurrently=True)
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {old}")
        op.execute("RESET lock_timeout")
