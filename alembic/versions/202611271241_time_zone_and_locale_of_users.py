"""Time zone and locale of users."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "202611271241"
down_revision: str | None = "202611271130"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False


def upgrade() -> None:
    op.add_column("users", sa.Column("time_zone", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("locale", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "locale")
    op.drop_column("users", "time_zone")
