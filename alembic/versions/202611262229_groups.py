"""Groups of people that projects take as members with a role."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from initial_schema.build import bigint, create_index, create_table, integer, row, text
from initial_schema.functions import run_unparsed

revision: str = "202611262229"
down_revision: str | None = "202611262228"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# `role` is always the highest of the person's own role and the role by groups. A statement that writes only `role`
# sets the own one, so that code that adds or changes a member needs no knowledge of groups.
EFFECTIVE_ROLE = """
CREATE FUNCTION effective_role() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ranks text[] := ARRAY['viewer', 'deployer', 'maintainer', 'owner'];
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.own_role IS NULL AND NEW.group_role IS NULL THEN
      NEW.own_role := NEW.role;
    END IF;
  ELSIF NEW.own_role IS NOT DISTINCT FROM OLD.own_role AND NEW.group_role IS NOT DISTINCT FROM OLD.group_role THEN
    NEW.own_role := NEW.role;
  END IF;
  NEW.role := coalesce(
    ranks[greatest(array_position(ranks, NEW.own_role), array_position(ranks, NEW.group_role))], NEW.role);
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    create_table(
        "groups",
        *row(),
        text("name"),
        text("description", ""),
        integer("version", 1),
        bigint("updated_by_id", nullable=True),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["users.id"], name=op.f("fk_groups_updated_by_id"), ondelete="SET NULL"
        ),
    )
    create_index("uq_groups_name", "groups", "lower(name)")
    _create_pairs("group_members", ("group_id", "groups"), ("user_id", "users"))
    create_index("ix_group_members_user_id", "group_members", "user_id")
    _create_pairs(
        "project_groups",
        ("project_id", "projects"),
        ("group_id", "groups"),
        text("role"),
        sa.CheckConstraint("role IN ('maintainer', 'deployer', 'viewer')", name="role"),
    )
    create_index("ix_project_groups_group_id", "project_groups", "group_id")
    op.add_column("project_members", text("own_role", nullable=True))
    op.add_column("project_members", text("group_role", nullable=True))
    op.execute("UPDATE project_members SET own_role = role")
    run_unparsed(EFFECTIVE_ROLE)
    op.execute(
        "CREATE TRIGGER project_members_effective BEFORE INSERT OR UPDATE OF role, own_role, group_role "
        "ON project_members FOR EACH ROW EXECUTE FUNCTION effective_role()"
    )
    for table in ("groups", "group_members"):
        op.execute(
            f"CREATE TRIGGER {table}_changed AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION notify_table('groups')"
        )
    op.execute(
        "CREATE TRIGGER project_groups_changed AFTER INSERT OR UPDATE OR DELETE ON project_groups "
        "FOR EACH ROW EXECUTE FUNCTION notify_team()"
    )


def _create_pairs(name: str, left: tuple[str, str], right: tuple[str, str], *others: sa.Column | sa.Constraint) -> None:
    keys = [
        sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_{name}_{column}"), ondelete="CASCADE")
        for column, table in (left, right)
    ]
    create_table(name, bigint(left[0]), bigint(right[0]), *others, *keys, key=(left[0], right[0]))


def downgrade() -> None:
    op.execute("DELETE FROM project_members WHERE own_role IS NULL")
    op.execute("UPDATE project_members SET group_role = NULL WHERE group_role IS NOT NULL")
    op.execute("DROP TRIGGER project_members_effective ON project_members")
    op.execute("DROP FUNCTION effective_role")
    op.drop_column("project_members", "group_role")
    op.drop_column("project_members", "own_role")
    for table in ("project_groups", "group_members", "groups"):
        op.drop_table(table)
