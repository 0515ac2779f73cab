"""Lists that are filtered by group follow when a project's groups change."""

from collections.abc import Sequence

from alembic import op

revision: str = "202611280720"
down_revision: str | None = "202611280155"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False


def upgrade() -> None:
    op.execute(
        "CREATE TRIGGER project_groups_listed AFTER INSERT OR UPDATE OR DELETE ON project_groups "
        "FOR EACH STATEMENT EXECUTE FUNCTION notify_table('groups')"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER project_groups_listed ON project_groups")
