"""The queue of periodic maintenance is called by that word."""

from collections.abc import Sequence

from alembic import op

revision: str = "202611262209"
down_revision: str | None = "202611262150"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("UPDATE procrastinate_jobs SET queue_name = 'maintenance_queue' WHERE queue_name = 'upkeep_queue'")


def downgrade() -> None:
    op.execute("UPDATE procrastinate_jobs SET queue_name = 'upkeep_queue' WHERE queue_name = 'maintenance_queue'")
