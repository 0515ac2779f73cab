"""Incidents are searched by an index of the folded text of their title and reason."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "202611280155"
down_revision: str | None = "202611271643"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False


def upgrade() -> None:
    text = sa.Computed("fold_text(title || E'\\n' || reason)", persisted=True)
    op.add_column("incidents", sa.Column("search_text", sa.Text(), text, nullable=True))
    op.create_index("ix_incidents_grams", "incidents", [sa.text("text_grams(search_text)")], postgresql_using="gin")


def downgrade() -> None:
    op.drop_index("ix_incidents_grams", "incidents")
    op.drop_column("incidents", "search_text")
