"""The repository whose deliveries a project takes, and the links that come with a deployment.

Nothing is known of hooks that exist already: their next delivery names the repository.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0120"
down_revision: str | None = "0100"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

REPOSITORIES = ("repository", "refused_repository")
LINKS = ("log_url", "environment_url")


def upgrade() -> None:
    for name in REPOSITORIES:
        op.add_column("github_hooks", sa.Column(f"{name}_id", sa.BigInteger(), nullable=True))
        op.add_column("github_hooks", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("github_hooks", sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True))
    for name in LINKS:
        op.add_column("deployments", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.execute("DELETE FROM github_deliveries WHERE delivery = ''")  # a delivery without an id is not known again


def downgrade() -> None:
    for name in LINKS:
        op.drop_column("deployments", name)
    op.drop_column("github_hooks", "refused_at")
    for name in REPOSITORIES:
        op.drop_column("github_hooks", name)
        op.drop_column("github_hooks", f"{name}_id")
