"""Invitations to the console, or into a project with a role."""

from collections.abc import Sequence

from alembic import op
from initial_schema.build import binary, check, create_index, create_table, optional_reference, row, text, timestamp

revision: str = "202611262225"
down_revision: str | None = "202611262220"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    create_table(
        "invitations",
        *row(),
        text("email"),
        optional_reference("project_id", "projects", on_delete="CASCADE"),
        text("role", nullable=True),
        optional_reference("invited_by_id", "users"),
        binary("token_hash", nullable=True),
        timestamp("expires_at"),
        timestamp("accepted_at", nullable=True),
        optional_reference("accepted_by_id", "users"),
        timestamp("revoked_at", nullable=True),
        check("role", "role IN ('maintainer', 'deployer', 'viewer')"),
        check("role_in_project", "(project_id IS NULL) = (role IS NULL)"),
    )
    unanswered = "accepted_at IS NULL AND revoked_at IS NULL"
    create_index("uq_invitations_unanswered", "invitations", "email", "coalesce(project_id, 0)", where=unanswered)
    create_index("uq_invitations_token_hash", "invitations", "token_hash")
    create_index("ix_invitations_newest", "invitations", "created_at DESC", "id DESC")
    create_index("ix_invitations_project_id", "invitations", "project_id", "created_at DESC", "id DESC")
    op.execute(
        "CREATE TRIGGER invitations_changed AFTER INSERT OR UPDATE OR DELETE ON invitations "
        "FOR EACH STATEMENT EXECUTE FUNCTION notify_table('invitations')"
    )


def downgrade() -> None:
    op.drop_table("invitations")
