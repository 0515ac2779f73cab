"""Issuers of ID tokens that projects trust, and the ID tokens that were exchanged."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from initial_schema.build import binary, create_index, create_table, optional_reference, reference, row, text, timestamp
from sqlalchemy.dialects import postgresql

revision: str = "202611270158"
down_revision: str | None = "202611270155"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    create_table(
        "ci_trusts",
        *row(),
        reference("project_id", "projects"),
        reference("user_id", "users"),
        optional_reference("created_by_id", "users"),
        text("name"),
        text("issuer"),
        sa.Column("claims", postgresql.JSONB(), nullable=False),
        timestamp("last_used_at", nullable=True),
    )
    create_index("ix_ci_trusts_project_id", "ci_trusts", "project_id")
    create_index("ix_ci_trusts_issuer", "ci_trusts", "issuer")
    create_index("uq_ci_trusts_user_id", "ci_trusts", "user_id")
    # A page that shows the trusts of a project watches the project; the last use comes with a new token.
    op.execute(
        "CREATE TRIGGER ci_trusts_changed AFTER INSERT OR DELETE OR UPDATE OF name, issuer, claims ON ci_trusts "
        "FOR EACH ROW EXECUTE FUNCTION notify_team()"
    )
    create_table("used_id_tokens", binary("token_hash"), timestamp("expires_at"), key=("token_hash",))
    create_index("ix_used_id_tokens_expires_at", "used_id_tokens", "expires_at")
    op.add_column("api_tokens", sa.Column("ci_trust_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_api_tokens_ci_trust_id"), "api_tokens", "ci_trusts", ["ci_trust_id"], ["id"], ondelete="CASCADE"
    )
    create_index("ix_api_tokens_ci_trust_id", "api_tokens", "ci_trust_id", where="ci_trust_id IS NOT NULL")


def downgrade() -> None:
    op.execute("DELETE FROM api_tokens WHERE ci_trust_id IS NOT NULL")
    op.drop_column("api_tokens", "ci_trust_id")
    op.drop_table("used_id_tokens")
    op.drop_table("ci_trusts")
