"""Users may choose the language of the console."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "202611271356"
down_revision: str | None = "202611271345"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False


def upgrade() -> None:
    op.add_column("users", sa.Column("language", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "language")
