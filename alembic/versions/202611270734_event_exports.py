"""Events that wait for their export."""

from collections.abc import Sequence

from alembic import op
from initial_schema.build import NOW, bigint, create_table, timestamp

revision: str = "202611270734"
down_revision: str | None = "202611270725"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False


def upgrade() -> None:
    create_table("event_exports", bigint("event_id"), timestamp("at", NOW), key=("event_id",))


def downgrade() -> None:
    op.drop_table("event_exports")
