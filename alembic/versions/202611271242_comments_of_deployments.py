"""Comments on deployments, and the people whom they mention."""

from collections.abc import Sequence

from alembic import op
from initial_schema.build import check, create_index, create_table, optional_reference, reference, row, text, timestamp
from initial_schema.functions import run_unparsed

revision: str = "202611271242"
down_revision: str | None = "202611271241"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False

NOTIFY = """
CREATE FUNCTION notify_comment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tca_changes', 'deployment_comments:' || coalesce(NEW.deployment_id, OLD.deployment_id));
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    create_table(
        "deployment_comments",
        *row(),
        reference("deployment_id", "deployments"),
        optional_reference("user_id", "users"),
        text("body"),
        timestamp("edited_at", nullable=True),
        check("filled", "body <> ''"),
    )
    create_index("ix_deployment_comments_by_deployment", "deployment_comments", "deployment_id", "id DESC")
    create_index("ix_deployment_comments_user_id", "deployment_comments", "user_id", where="user_id IS NOT NULL")
    create_table(
        "comment_mentions",
        reference("comment_id", "deployment_comments"),
        reference("user_id", "users"),
        text("username"),
        key=("comment_id", "user_id"),
    )
    create_index("ix_comment_mentions_user_id", "comment_mentions", "user_id")
    run_unparsed(NOTIFY)
    op.execute(
        "CREATE TRIGGER deployment_comments_changed AFTER INSERT OR UPDATE OR DELETE ON deployment_comments "
        "FOR EACH ROW EXECUTE FUNCTION notify_comment()"
    )


def downgrade() -> None:
    op.drop_table("comment_mentions")
    op.drop_table("deployment_comments")
    op.execute("DROP FUNCTION notify_comment()")
