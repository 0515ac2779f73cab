"""Which thresholds before the end of a certificate were warned of."""

from collections.abc import Sequence

from alembic import op
from initial_schema.build import check, create_table, integer, reference, timestamp

revision: str = "202611271345"
down_revision: str | None = "202611271330"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False


def upgrade() -> None:
    create_table(
        "certificate_warnings",
        reference("check_id", "health_checks"),
        timestamp("certificate_until"),
        integer("days"),
        check("days", "days IN (3, 14, 30)"),
        key=("check_id", "certificate_until", "days"),
    )


def downgrade() -> None:
    op.drop_table("certificate_warnings")
