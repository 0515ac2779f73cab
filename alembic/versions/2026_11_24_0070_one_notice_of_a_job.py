"""A new job is told of once, on a channel of ours: the worker hears it by the connection that hears of changes.

Whoever still runs the version before is told of nothing and finds new jobs when it looks, every five seconds.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0070"
down_revision: str | None = "0060"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NOTIFY = """
CREATE OR REPLACE FUNCTION procrastinate_notify_queue_job_inserted_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
{notices}
  RETURN NEW;
END $$
"""
NOW = "  PERFORM pg_notify('tca_jobs', NEW.queue_name);"
BEFORE = """\
  PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, '{"type": "job_inserted", "job_id": 0}');
  PERFORM pg_notify('procrastinate_any_queue_v1', '{"type": "job_inserted", "job_id": 0}');"""


def _put(notices: str) -> None:
    """As it is: SQLAlchemy would take the colons for parameters."""
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute(NOTIFY.replace("{notices}", notices))


def upgrade() -> None:
    _put(NOW)


def downgrade() -> None:
    _put(BEFORE)
