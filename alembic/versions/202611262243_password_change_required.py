"""Whether a person has to choose a password of their own first."""

from collections.abc import Sequence

from alembic import op
from initial_schema.build import boolean

revision: str = "202611262243"
down_revision: str | None = "202611262229"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("users", boolean("must_change_password", default=False))


def downgrade() -> None:
    op.drop_column("users", "must_change_password")
