"""Marks of projects."""

from collections.abc import Sequence

from alembic import op
from initial_schema.build import text

revision: str = "202611270957"
down_revision: str | None = "202611270935"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False


def upgrade() -> None:
    op.add_column("projects", text("color", ""))
    op.add_column("projects", text("emoji", ""))


def downgrade() -> None:
    op.drop_column("projects", "emoji")
    op.drop_column("projects", "color")
