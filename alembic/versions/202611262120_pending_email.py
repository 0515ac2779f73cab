"""The email address that a person changes to, until they confirm it."""

from collections.abc import Sequence

from alembic import op
from initial_schema.build import text

revision: str = "202611262120"
down_revision: str | None = "202611262050"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("users", text("pending_email", ""))


def downgrade() -> None:
    op.drop_column("users", "pending_email")
