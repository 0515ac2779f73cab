"""The instance settings that administrators change."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from initial_schema.build import NOW, bigint, create_table, text, timestamp
from sqlalchemy.dialects import postgresql

revision: str = "202611262220"
down_revision: str | None = "202611262209"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    create_table(
        "instance_settings",
        text("name"),
        sa.Column("value", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        bigint("changed_by_id", nullable=True),
        timestamp("changed_at", NOW),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["users.id"], name=op.f("fk_instance_settings_changed_by_id"), ondelete="SET NULL"
        ),
        key=("name",),
    )
    op.execute(
        "CREATE TRIGGER instance_settings_changed AFTER INSERT OR UPDATE OR DELETE ON instance_settings "
        "FOR EACH STATEMENT EXECUTE FUNCTION notify_table('instance')"
    )


def downgrade() -> None:
    op.drop_table("instance_settings")
