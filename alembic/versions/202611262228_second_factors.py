"""Second factors of accounts, and their recovery codes."""

from collections.abc import Sequence

from alembic import op
from initial_schema.build import bigint, binary, check, create_index, create_table, reference, row, text, timestamp

revision: str = "202611262228"
down_revision: str | None = "202611262225"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    create_table(
        "factors",
        *row(),
        reference("user_id", "users"),
        text("kind"),
        text("name"),
        binary("sealed_secret", nullable=True),
        bigint("last_step", 0),
        binary("credential_id", nullable=True),
        binary("public_key", nullable=True),
        bigint("sign_count", 0),
        timestamp("confirmed_at", nullable=True),
        timestamp("last_used_at", nullable=True),
        check("kind", "kind IN ('totp', 'passkey')"),
    )
    create_index("ix_factors_user_id", "factors", "user_id")
    create_index("uq_factors_credential_id", "factors", "credential_id", where="credential_id IS NOT NULL")
    create_table(
        "recovery_codes",
        *row(),
        reference("user_id", "users"),
        binary("code_hash"),
        timestamp("used_at", nullable=True),
    )
    create_index("uq_recovery_codes_user_id_code_hash", "recovery_codes", "user_id", "code_hash")


def downgrade() -> None:
    op.drop_table("recovery_codes")
    op.drop_table("factors")
