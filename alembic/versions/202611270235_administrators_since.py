"""Since when somebody is an administrator, as their days of grace for a second factor begin then."""

from collections.abc import Sequence

from alembic import op
from initial_schema.build import timestamp

revision: str = "202611270235"
down_revision: str | None = "202611270213"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("users", timestamp("superuser_since", nullable=True))


def downgrade() -> None:
    op.drop_column("users", "superuser_since")
