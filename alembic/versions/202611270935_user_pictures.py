"""Pictures of people."""

from collections.abc import Sequence

from alembic import op
from initial_schema.build import NOW, binary, create_table, reference, text, timestamp

revision: str = "202611270935"
down_revision: str | None = "202611270926"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False


def upgrade() -> None:
    create_table(
        "user_pictures",
        reference("user_id", "users"),
        text("hash"),
        binary("content"),
        timestamp("changed_at", NOW),
        key=("user_id",),
    )
    op.execute(
        "CREATE TRIGGER user_pictures_changed AFTER INSERT OR UPDATE OR DELETE ON user_pictures "
        "FOR EACH STATEMENT EXECUTE FUNCTION notify_table('pictures')"
    )


def downgrade() -> None:
    op.drop_table("user_pictures")
