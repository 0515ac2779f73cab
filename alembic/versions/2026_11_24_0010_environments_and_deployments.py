"""Where projects run: environments, deployments with their logs, and freeze windows.

Every project that is there gets the three environments that a new one starts with.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

START = """
INSERT INTO environments (project_id, name, rank)
SELECT projects.id, start.name, start.rank
FROM projects, (VALUES ('development', 10), ('staging', 20), ('production', 30)) AS start (name, rank)
ORDER BY projects.id, start.rank
"""

# A log line concerns those who read that log; a step concerns the lists too.
DEPLOYMENT = """
CREATE FUNCTION notify_deployment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tca_changes', 'deployment:' || coalesce(NEW.id, OLD.id));
  IF TG_OP <> 'UPDATE' OR OLD.log_lines = NEW.log_lines THEN
    PERFORM pg_notify('tca_changes', 'deployments');
    PERFORM pg_notify('tca_changes', 'project:' || coalesce(NEW.project_id, OLD.project_id));
  END IF;
  RETURN NULL;
END $$
"""

PLACE = """
CREATE FUNCTION notify_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tca_changes', 'deployments');
  PERFORM pg_notify('tca_changes', 'project:' || coalesce(NEW.project_id, OLD.project_id));
  RETURN NULL;
END $$
"""

TRIGGERS = tuple(
    f"CREATE TRIGGER {table}_changed AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {call}()"
    for table, call in (
        ("deployments", "notify_deployment"),
        ("environments", "notify_place"),
        ("freeze_windows", "notify_place"),
    )
)


def _now(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def upgrade() -> None:
    _make_environments()
    _make_deployments()
    _index_deployments()
    op.execute(START)
    for statement in (DEPLOYMENT, PLACE, *TRIGGERS):
        op.execute(statement)


def _make_environments() -> None:
    op.create_table(
        "environments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        _now("created_at"),
        _now("updated_at"),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("rank", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("is_protected", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("allow_parallel", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("name <> ''", name=op.f("ck_environments_named")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_environments_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["users.id"], name=op.f("fk_environments_updated_by_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_environments")),
    )
    op.create_index("ix_environments_by_rank", "environments", ["project_id", "rank", "id"])
    op.create_index(
        "uq_environments_name",
        "environments",
        ["project_id", sa.text("lower(name)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "freeze_windows",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        _now("created_at"),
        _now("updated_at"),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("environment_id", sa.BigInteger(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_freeze_windows_ends_later")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["users.id"], name=op.f("fk_freeze_windows_created_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_freeze_windows_environment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_freeze_windows_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freeze_windows")),
    )
    op.create_index("ix_freeze_windows_by_end", "freeze_windows", ["project_id", "ends_at"])
    op.create_index(
        "ix_freeze_windows_environment_id",
        "freeze_windows",
        ["environment_id"],
        postgresql_where=sa.text("environment_id IS NOT NULL"),
    )


def _make_deployments() -> None:
    op.create_table(
        "deployments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        _now("created_at"),
        _now("updated_at"),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("environment_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("commit_sha", sa.Text(), server_default="", nullable=False),
        sa.Column("ref", sa.Text(), server_default="", nullable=False),
        sa.Column("commit_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("ci_url", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("freeze_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("reporter", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rollback_of_id", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("log_lines", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "search_text",
            sa.Text(),
            sa.Computed("fold_text(version || E'\\n' || ref || E'\\n' || commit_sha)", persisted=True),
            nullable=True,
        ),
        sa.CheckConstraint(
            "(finished_at IS NOT NULL) = (status IN ('succeeded', 'failed', 'cancelled'))",
            name=op.f("ck_deployments_finished"),
        ),
        sa.CheckConstraint(
            "CASE status WHEN 'in_progress' THEN started_at IS NOT NULL WHEN 'succeeded' THEN started_at IS NOT NULL "
            "WHEN 'queued' THEN started_at IS NULL AND queued_at IS NOT NULL "
            "WHEN 'pending_approval' THEN queued_at IS NULL ELSE true END",
            name=op.f("ck_deployments_steps"),
        ),
        sa.CheckConstraint("source IN ('ui', 'api', 'github')", name=op.f("ck_deployments_source")),
        sa.CheckConstraint(
            "status IN ('pending_approval', 'queued', 'in_progress', 'succeeded', 'failed', 'cancelled')",
            name=op.f("ck_deployments_status"),
        ),
        sa.CheckConstraint("started_at IS NULL OR queued_at IS NOT NULL", name=op.f("ck_deployments_queued_first")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["users.id"], name=op.f("fk_deployments_created_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["users.id"], name=op.f("fk_deployments_decided_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_deployments_environment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_deployments_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["rollback_of_id"], ["deployments.id"], name=op.f("fk_deployments_rollback_of_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployments")),
    )
    op.create_table(
        "deployment_logs",
        sa.Column("deployment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        _now("at"),
        sa.Column("line", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployments.id"], name=op.f("fk_deployment_logs_deployment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("deployment_id", "seq", name=op.f("pk_deployment_logs")),
    )


def _index_deployments() -> None:
    op.create_index("ix_deployments_by_day", "deployments", ["created_at"])
    op.create_index("ix_deployments_by_environment", "deployments", ["environment_id", sa.text("id DESC")])
    op.create_index("ix_deployments_by_project", "deployments", ["project_id", sa.text("id DESC")])
    op.create_index("ix_deployments_by_status", "deployments", ["status", sa.text("id DESC")])
    op.create_index(
        "ix_deployments_created_by_id",
        "deployments",
        ["created_by_id"],
        postgresql_where=sa.text("created_by_id IS NOT NULL"),
    )
    op.create_index(
        "ix_deployments_current",
        "deployments",
        ["environment_id", sa.text("finished_at DESC"), sa.text("id DESC")],
        postgresql_where=sa.text("status = 'succeeded'"),
    )
    op.create_index(
        "ix_deployments_decided_by_id",
        "deployments",
        ["decided_by_id"],
        postgresql_where=sa.text("decided_by_id IS NOT NULL"),
    )
    op.create_index(
        "ix_deployments_finished",
        "deployments",
        ["finished_at"],
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index(
        "ix_deployments_grams",
        "deployments",
        [sa.text("text_grams(search_text)")],
        postgresql_using="gin",
    )
    op.create_index(
        "ix_deployments_open",
        "deployments",
        ["environment_id", "status"],
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index(
        "ix_deployments_rollback_of_id",
        "deployments",
        ["rollback_of_id"],
        postgresql_where=sa.text("rollback_of_id IS NOT NULL"),
    )
    op.create_index(
        "uq_deployments_external_id",
        "deployments",
        ["project_id", "external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )


def downgrade() -> None:
    for table in ("deployment_logs", "deployments", "freeze_windows", "environments"):
        op.drop_table(table)
    op.execute("DROP FUNCTION notify_deployment(), notify_place()")
