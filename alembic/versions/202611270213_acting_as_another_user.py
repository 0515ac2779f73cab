"""The user whom the administrator of a session acts as, and until when."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from initial_schema.build import timestamp
from initial_schema.triggers import SESSION_ENDS

revision: str = "202611270213"
down_revision: str | None = "202611270158"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ACTING_CHANGES = "UPDATE OF acting_for_id, acting_until, revoked_at, expires_at, auth_version, user_id OR DELETE"


def upgrade() -> None:
    op.add_column("auth_sessions", sa.Column("acting_for_id", sa.BigInteger(), nullable=True))
    op.add_column("auth_sessions", timestamp("acting_until", nullable=True))
    op.create_foreign_key(
        op.f("fk_auth_sessions_acting_for_id"), "auth_sessions", "users", ["acting_for_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index(
        "ix_auth_sessions_acting_for_id",
        "auth_sessions",
        ["acting_for_id"],
        postgresql_where=sa.text("acting_for_id IS NOT NULL"),
    )
    _notify_on(ACTING_CHANGES)


def downgrade() -> None:
    _notify_on(SESSION_ENDS)
    op.drop_column("auth_sessions", "acting_until")
    op.drop_column("auth_sessions", "acting_for_id")


def _notify_on(change: str) -> None:
    op.execute("DROP TRIGGER auth_sessions_changed ON auth_sessions")
    op.execute(
        f"CREATE TRIGGER auth_sessions_changed AFTER {change} ON auth_sessions "
        "FOR EACH ROW EXECUTE FUNCTION notify_change('session')"
    )
