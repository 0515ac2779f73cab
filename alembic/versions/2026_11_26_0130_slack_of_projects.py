"""Slack is a setting of a project: its own incoming webhook in place of what each member preferred.

What members had chosen is dropped: it posted to one channel for everybody.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0130"
down_revision: str | None = "0110"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NOTIFY = """
CREATE FUNCTION notify_slack() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tca_changes', 'slack:' || coalesce(NEW.project_id, OLD.project_id));
  RETURN NULL;
END $$
"""
TRIGGER = """
CREATE TRIGGER slack_channels_changed AFTER INSERT OR UPDATE OR DELETE ON slack_channels
FOR EACH ROW EXECUTE FUNCTION notify_slack()
"""


def upgrade() -> None:
    op.create_table(
        "slack_channels",
        sa.Column("project_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed_url", sa.LargeBinary(), nullable=False),
        sa.Column("topics", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_slack_channels_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_slack_channels")),
    )
    op.execute(NOTIFY)
    op.execute(TRIGGER)
    op.execute("DELETE FROM notification_preferences WHERE channel = 'slack'")


def downgrade() -> None:
    op.drop_table("slack_channels")
    op.execute("DROP FUNCTION notify_slack()")
