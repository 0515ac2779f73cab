"""What GitHub tells about a project: the key of its webhook, the deliveries dealt with, and when commits were made."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "github_commits",
        sa.Column("project_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_github_commits_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "sha", name=op.f("pk_github_commits")),
    )
    op.create_table(
        "github_deliveries",
        sa.Column("project_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_github_deliveries_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "delivery", name=op.f("pk_github_deliveries")),
    )
    op.create_table(
        "github_hooks",
        sa.Column("project_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("rotated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_github_hooks_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_github_hooks")),
    )


def downgrade() -> None:
    op.drop_table("github_hooks")
    op.drop_table("github_deliveries")
    op.drop_table("github_commits")
