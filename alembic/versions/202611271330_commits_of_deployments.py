"""The text of commits, and their order on a branch."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from initial_schema.build import bigint, create_table, text

revision: str = "202611271330"
down_revision: str | None = "202611271320"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False


def upgrade() -> None:
    for name in ("message", "author", "url"):
        op.add_column("github_commits", text(name, ""))
    create_table(
        "commit_steps",
        bigint("project_id"),
        text("sha"),
        text("ref"),
        text("previous_sha"),
        sa.ForeignKeyConstraint(
            ["project_id", "sha"],
            ["github_commits.project_id", "github_commits.sha"],
            name="fk_commit_steps_project_id",
            ondelete="CASCADE",
        ),
        key=("project_id", "sha", "ref"),
    )


def downgrade() -> None:
    op.drop_table("commit_steps")
    for name in ("message", "author", "url"):
        op.drop_column("github_commits", name)
