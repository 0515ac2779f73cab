"""How a check is asked is edited by people: paused, own limits, a version; notes that everybody may read."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0030"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LIMITS = ("failures_to_open", "passes_to_close")
COLUMNS = (
    ("is_paused", sa.Boolean(), "false"),
    ("failures_to_open", sa.Integer(), "0"),
    ("passes_to_close", sa.Integer(), "0"),
    ("version", sa.Integer(), "1"),
)


def upgrade() -> None:
    for name, kind, default in COLUMNS:
        op.add_column("health_checks", sa.Column(name, kind, server_default=sa.text(default), nullable=False))
    op.add_column("health_checks", sa.Column("updated_by_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_health_checks_updated_by_id"),
        "health_checks",
        "users",
        ["updated_by_id"],
        ["id"],
        ondelete="SET NULL",
    )
    for name in LIMITS:
        op.create_check_constraint(op.f(f"ck_health_checks_{name}"), "health_checks", f"{name} BETWEEN 0 AND 60")
    op.add_column(
        "incident_notes", sa.Column("is_public", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("incident_notes", "is_public")
    for name in LIMITS:
        op.drop_constraint(op.f(f"ck_health_checks_{name}"), "health_checks", type_="check")
    for name in ("updated_by_id", *(name for name, _, _ in reversed(COLUMNS))):
        op.drop_column("health_checks", name)
