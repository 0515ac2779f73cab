"""A version for each trusted CI issuer, so that two people do not overwrite each other's change."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "202611270725"
down_revision: str | None = "202611270711"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts = False


def upgrade() -> None:
    op.add_column("ci_trusts", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.add_column("ci_trusts", sa.Column("updated_by_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        "fk_ci_trusts_updated_by_id", "ci_trusts", "users", ["updated_by_id"], ["id"], ondelete="SET NULL"
    )


def downgrade() -> None:
    op.drop_column("ci_trusts", "updated_by_id")
    op.drop_column("ci_trusts", "version")
