"""API tokens, and the service accounts that the tokens of projects act as."""

from collections.abc import Sequence

from alembic import op
from initial_schema.build import (
    binary,
    create_index,
    create_table,
    optional_reference,
    reference,
    row,
    text,
    texts,
    timestamp,
)
from initial_schema.functions import run_unparsed

revision: str = "202611262150"
down_revision: str | None = "202611262148"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# A changed token notifies every process that may have it cached, and the pages that list the tokens of its owner.
# Its last use is not such a change.
ON_CHANGE = """
CREATE FUNCTION notify_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tca_changes', 'token:' || coalesce(NEW.id, OLD.id));
  IF coalesce(NEW.project_id, OLD.project_id) IS NULL THEN
    PERFORM pg_notify('tca_changes', 'user:' || coalesce(NEW.user_id, OLD.user_id));
  ELSE
    PERFORM pg_notify('tca_changes', 'project:' || coalesce(NEW.project_id, OLD.project_id));
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.add_column("users", text("kind", "person"))
    op.create_check_constraint(op.f("ck_users_kind"), "users", "kind IN ('person', 'service')")
    op.create_check_constraint(
        op.f("ck_users_service_account"), "users", "kind = 'person' OR (NOT is_superuser AND hashed_password = '!')"
    )
    create_table(
        "api_tokens",
        *row(),
        reference("user_id", "users"),
        optional_reference("project_id", "projects", on_delete="CASCADE"),
        optional_reference("created_by_id", "users"),
        optional_reference("rotated_from_id", "api_tokens"),
        text("name"),
        text("prefix"),
        binary("token_hash"),
        texts("scopes"),
        texts("allowed_networks"),
        timestamp("expires_at", nullable=True),
        timestamp("last_used_at", nullable=True),
        timestamp("revoked_at", nullable=True),
        timestamp("warned_at", nullable=True),
    )
    create_index("uq_api_tokens_token_hash", "api_tokens", "token_hash")
    create_index("uq_api_tokens_rotated_from_id", "api_tokens", "rotated_from_id")
    create_index("ix_api_tokens_user_id", "api_tokens", "user_id")
    create_index("ix_api_tokens_project_id", "api_tokens", "project_id", where="project_id IS NOT NULL")
    create_index("ix_api_tokens_expires_at", "api_tokens", "expires_at", where="revoked_at IS NULL")
    run_unparsed(ON_CHANGE)
    op.execute(
        "CREATE TRIGGER api_tokens_changed AFTER INSERT OR DELETE OR UPDATE OF revoked_at, expires_at, scopes, "
        "allowed_networks ON api_tokens FOR EACH ROW EXECUTE FUNCTION notify_token()"
    )


def downgrade() -> None:
    op.drop_table("api_tokens")
    op.execute("DROP FUNCTION notify_token()")
    op.execute("DELETE FROM users WHERE kind = 'service'")
    op.drop_constraint(op.f("ck_users_service_account"), "users")
    op.drop_constraint(op.f("ck_users_kind"), "users")
    op.drop_column("users", "kind")
