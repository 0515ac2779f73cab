"""What is rolled up from the deployments: by environment and day, and the sums of that over all projects.

The rows that are there are rolled up here, minutes of them when there are millions. Nobody who writes is held up by
that: the indexes are built concurrently, and the new tables are committed before they are filled. Whoever
runs the version before meanwhile knows nothing of the rolled rows; `recount` finds what they miss.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0060"
down_revision: str | None = "0050"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("rolled_since", "deployments_since", "daily_durations", "daily_deployment_totals", "daily_deployments")

# The rows of which something is taken away and to which something is added, by the kind of the statement.
CHANGED = {
    "insert": "SELECT 1 AS sign, * FROM new_rows WHERE counts",
    "update": "SELECT 1 AS sign, * FROM new_rows WHERE counts UNION ALL SELECT -1, * FROM old_rows WHERE counts",
    "delete": "SELECT -1 AS sign, * FROM old_rows WHERE counts",
}
TRANSITIONS = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}
# In one order always, so that two who change the same sums wait for each other and never in a circle.
ROLL = """
CREATE FUNCTION roll_daily_deployments_{kind}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO daily_deployment_totals AS kept (day, environment, succeeded, failed, cancelled, bad)
  SELECT day, environment, sum(sign * succeeded), sum(sign * failed), sum(sign * cancelled), sum(sign * bad)
  FROM ({changed}) AS changed GROUP BY 1, 2
  HAVING (sum(sign * succeeded), sum(sign * failed), sum(sign * cancelled), sum(sign * bad)) <> (0, 0, 0, 0)
  ORDER BY 1, 2
  ON CONFLICT (day, environment) DO UPDATE SET succeeded = kept.succeeded + excluded.succeeded,
    failed = kept.failed + excluded.failed, cancelled = kept.cancelled + excluded.cancelled,
    bad = kept.bad + excluded.bad;
  INSERT INTO daily_durations AS kept (environment, kind, day, bucket, count)
  SELECT environment, took.kind, day, duration_bucket(us), sum(sign)
  FROM ({changed}) AS changed, LATERAL (
    SELECT 'lead' AS kind, unnest(lead_us) AS us UNION ALL SELECT 'restore', unnest(restored_us)) AS took
  GROUP BY 1, 2, 3, 4 HAVING sum(sign) <> 0 ORDER BY 1, 2, 3, 4
  ON CONFLICT (environment, kind, day, bucket) DO UPDATE SET count = kept.count + excluded.count;
  INSERT INTO deployments_since AS kept (since, project_id, deployments, failed)
  SELECT since, project_id, sum(sign * (succeeded + failed + cancelled)), sum(sign * failed)
  FROM ({changed}) AS changed JOIN rolled_since ON day >= since
  GROUP BY 1, 2 HAVING (sum(sign * (succeeded + failed + cancelled)), sum(sign * failed)) <> (0, 0) ORDER BY 1, 2
  ON CONFLICT (since, project_id) DO UPDATE SET deployments = kept.deployments + excluded.deployments,
    failed = kept.failed + excluded.failed;
  RETURN NULL;
END $$
"""
BUCKET = """
CREATE FUNCTION duration_bucket(us bigint) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CAST(floor(ln(1 + greatest(us, 0) / 1e6::float8) / ln(1.02::float8)) AS int)
"""
# What features/deployments/rolls.py did at this revision, over everything.
BACKFILL = """
WITH ended AS (
  SELECT id, environment_id, project_id, status, finished_at, commit_at,
    CASE status WHEN 'failed' THEN true WHEN 'succeeded' THEN EXISTS (
      SELECT FROM deployments AS undo WHERE undo.rollback_of_id = deployments.id AND undo.status = 'succeeded') END
    AS is_bad
  FROM deployments WHERE finished_at IS NOT NULL
),
rounds AS (
  SELECT *, count(*) FILTER (WHERE NOT is_bad) OVER (
    PARTITION BY environment_id ORDER BY finished_at, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS round
  FROM ended
),
runs AS (
  SELECT *, finished_at - min(finished_at) FILTER (WHERE is_bad) OVER (PARTITION BY environment_id, round) AS broken_for
  FROM rounds
)
INSERT INTO daily_deployments (environment_id, day, project_id, environment, counts, succeeded, failed, cancelled, bad,
  lead_us, restored_us)
SELECT environment_id, CAST(finished_at AT TIME ZONE 'UTC' AS date), runs.project_id, lower(environments.name),
  projects.deleted_at IS NULL, count(*) FILTER (WHERE runs.status = 'succeeded'),
  count(*) FILTER (WHERE runs.status = 'failed'), count(*) FILTER (WHERE runs.status = 'cancelled'),
  count(*) FILTER (WHERE is_bad),
  coalesce(array_agg(CAST(extract(epoch FROM finished_at - commit_at) * 1000000 AS bigint)
    ORDER BY finished_at, runs.id) FILTER (WHERE runs.status = 'succeeded' AND commit_at IS NOT NULL), '{}'),
  coalesce(array_agg(CAST(extract(epoch FROM broken_for) * 1000000 AS bigint)
    ORDER BY finished_at, runs.id) FILTER (WHERE NOT is_bad AND broken_for IS NOT NULL), '{}')
FROM runs JOIN environments ON environments.id = environment_id JOIN projects ON projects.id = runs.project_id
GROUP BY 1, 2, 3, 4, 5
"""


def upgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TABLE IF EXISTS {table}")  # of a run that was ended while it filled them
    op.execute("DROP FUNCTION IF EXISTS duration_bucket, roll_daily_deployments_insert")
    op.execute("DROP FUNCTION IF EXISTS roll_daily_deployments_update, roll_daily_deployments_delete")
    _make_indexes()
    _make_tables()
    op.execute(BUCKET)
    for kind in CHANGED:
        op.execute(ROLL.format(kind=kind, changed=CHANGED[kind]))
        op.execute(
            f"CREATE TRIGGER daily_deployments_rolled_{kind} AFTER {kind} ON daily_deployments "
            f"REFERENCING {TRANSITIONS[kind]} FOR EACH STATEMENT EXECUTE FUNCTION roll_daily_deployments_{kind}()"
        )
    with op.get_context().autocommit_block():
        op.execute(BACKFILL)


def _make_indexes() -> None:
    ended, going_on = sa.text("finished_at IS NOT NULL"), sa.text("finished_at IS NULL")
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        for name, table, columns, where in (
            ("ix_deployments_ended", "deployments", ["environment_id", "finished_at", "id"], ended),
            ("ix_deployments_going_on", "deployments", ["project_id", "id"], going_on),
            ("ix_projects_by_status", "projects", ["status", "created_at", "deleted_at"], None),
        ):
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")  # one that was not finished
            op.create_index(name, table, columns, postgresql_where=where, postgresql_concurrently=True)
        op.execute("RESET lock_timeout")


def _make_tables() -> None:
    op.create_table(
        "daily_deployments",
        sa.Column("environment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("succeeded", "failed", "cancelled", "bad")),
        sa.Column("lead_us", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("restored_us", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name=op.f("fk_daily_deployments_environment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_daily_deployments_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("environment_id", "day", name=op.f("pk_daily_deployments")),
    )
    op.create_index("ix_daily_deployments_by_project", "daily_deployments", ["project_id", "day"])
    op.create_index("ix_daily_deployments_by_name", "daily_deployments", ["environment", "day"])
    op.create_table(
        "daily_deployment_totals",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("succeeded", "failed", "cancelled", "bad")),
        sa.PrimaryKeyConstraint("day", "environment", name=op.f("pk_daily_deployment_totals")),
    )
    op.create_table(
        "daily_durations",
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('lead', 'restore')", name=op.f("ck_daily_durations_kind")),
        sa.PrimaryKeyConstraint("environment", "kind", "day", "bucket", name=op.f("pk_daily_durations")),
    )
    op.create_table(
        "deployments_since",
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("deployments", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("since", "project_id", name=op.f("pk_deployments_since")),
    )
    op.create_index("ix_deployments_since_most", "deployments_since", ["since", sa.text("deployments DESC")])
    op.create_table(
        "rolled_since",
        sa.Column("since", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("since", name=op.f("pk_rolled_since")),
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.execute("DROP FUNCTION duration_bucket, roll_daily_deployments_insert, roll_daily_deployments_update")
    op.execute("DROP FUNCTION roll_daily_deployments_delete")
    op.drop_index("ix_projects_by_status", table_name="projects")
    op.drop_index("ix_deployments_going_on", table_name="deployments")
    op.drop_index("ix_deployments_ended", table_name="deployments")
