"""A line of a log concerns the log alone: who watches a deployment does not read all of it again for each."""

from collections.abc import Sequence

from alembic import op

revision: str = "0050"
down_revision: str | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BEFORE = """
CREATE OR REPLACE FUNCTION notify_deployment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tca_changes', 'deployment:' || coalesce(NEW.id, OLD.id));
  IF TG_OP <> 'UPDATE' OR OLD.log_lines = NEW.log_lines THEN
    PERFORM pg_notify('tca_changes', 'deployments');
    PERFORM pg_notify('tca_changes', 'project:' || coalesce(NEW.project_id, OLD.project_id));
  END IF;
  RETURN NULL;
END $$
"""
AFTER = """
CREATE OR REPLACE FUNCTION notify_deployment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.log_lines <> NEW.log_lines THEN
    PERFORM pg_notify('tca_changes', 'deployment_log:' || NEW.id);
  ELSE
    PERFORM pg_notify('tca_changes', 'deployment:' || coalesce(NEW.id, OLD.id));
    PERFORM pg_notify('tca_changes', 'deployments');
    PERFORM pg_notify('tca_changes', 'project:' || coalesce(NEW.project_id, OLD.project_id));
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(AFTER)


def downgrade() -> None:
    op.execute(BEFORE)
