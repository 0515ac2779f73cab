"""Users are counted when somebody asks how many there are, so nothing keeps that number any more."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0180"
down_revision: str | None = "0130"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CHANGED = {
    "insert": ("NEW TABLE AS new_rows", "SELECT count(*) FROM new_rows WHERE deleted_at IS NULL"),
    "update": (
        "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "SELECT (SELECT count(*) FROM new_rows WHERE deleted_at IS NULL) "
        "- (SELECT count(*) FROM old_rows WHERE deleted_at IS NULL)",
    ),
    "delete": ("OLD TABLE AS old_rows", "SELECT -count(*) FROM old_rows WHERE deleted_at IS NULL"),
}
COUNT = """
CREATE FUNCTION count_users_{kind}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO row_counts (name, value) SELECT 'users', change FROM ({changed}) AS found (change) WHERE change <> 0;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    for kind in CHANGED:
        op.execute(f"DROP TRIGGER users_counted_{kind} ON users")
        op.execute(f"DROP FUNCTION count_users_{kind}")
    op.drop_table("row_counts")


def downgrade() -> None:
    op.create_table(
        "row_counts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_row_counts")),
    )
    op.execute("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")
    for kind, (transitions, changed) in CHANGED.items():
        op.execute(COUNT.format(kind=kind, changed=changed))
        op.execute(
            f"CREATE TRIGGER users_counted_{kind} AFTER {kind} ON users "
            f"REFERENCING {transitions} FOR EACH STATEMENT EXECUTE FUNCTION count_users_{kind}()"
        )
    op.execute("INSERT INTO row_counts (name, value) SELECT 'users', count(*) FROM users WHERE deleted_at IS NULL")
