"""How many users there are, kept beside them: the exact count of a million takes longer than all else on a dashboard.

Each change adds a row with its difference, so that nobody waits for anybody; each hour they are added up.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0080"
down_revision: str | None = "0070"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# By the kind of the statement: its rows, and by how much they changed the count.
CHANGED = {
    "insert": "SELECT count(*) FROM new_rows WHERE deleted_at IS NULL",
    "update": "SELECT (SELECT count(*) FROM new_rows WHERE deleted_at IS NULL) "
    "- (SELECT count(*) FROM old_rows WHERE deleted_at IS NULL)",
    "delete": "SELECT -count(*) FROM old_rows WHERE deleted_at IS NULL",
}
TRANSITIONS = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}
COUNT = """
CREATE FUNCTION count_users_{kind}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO row_counts (name, value) SELECT 'users', change FROM ({changed}) AS found (change) WHERE change <> 0;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "row_counts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_row_counts")),
    )
    op.execute("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")  # who writes waits, so that nothing is missed
    for kind in CHANGED:
        op.execute(COUNT.format(kind=kind, changed=CHANGED[kind]))
        op.execute(
            f"CREATE TRIGGER users_counted_{kind} AFTER {kind} ON users "
            f"REFERENCING {TRANSITIONS[kind]} FOR EACH STATEMENT EXECUTE FUNCTION count_users_{kind}()"
        )
    op.execute("INSERT INTO row_counts (name, value) SELECT 'users', count(*) FROM users WHERE deleted_at IS NULL")


def downgrade() -> None:
    for kind in CHANGED:
        op.execute(f"DROP TRIGGER users_counted_{kind} ON users")
        op.execute(f"DROP FUNCTION count_users_{kind}")
    op.drop_table("row_counts")
