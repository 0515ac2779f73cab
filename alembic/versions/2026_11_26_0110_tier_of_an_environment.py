"""Delivery is measured by the tier of an environment and by what a deployment did, not by names and by what was said.

* `environments.tier`, guessed from the names that are there. The daily aggregates are kept by it.
* A deployment that never started is no change, so the aggregates know how many of those that failed did not start.
* Only the first arrival of a commit in an environment has a lead time; an index finds the arrivals before.
* `timed_out_at` and `is_waiting`: whether the console itself gave a deployment up, and whether its source says that it
  waits.

The aggregates are made again from the rows, minutes of work when there are millions. Each step may be repeated after an
interruption. Processes of the version before cannot read or write the aggregates any more: their dashboards answer 500
until they are replaced, and their events are dealt with by the new workers.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0110"
down_revision: str | None = "0120"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ARRIVALS = "ix_deployments_arrivals"
AGGREGATES = ("daily_deployments", "daily_deployment_totals", "daily_durations")
COUNTED = ("succeeded", "failed", "cancelled", "bad")
TIERS = "'production', 'staging', 'testing', 'development', 'other'"
# What features/environments/tiers.py did at this revision.
GUESS = """
UPDATE environments SET tier = CASE
  WHEN lower(name) ~ '(^|[^a-z])(pre[^a-z]?(production|prod|prd|live)|staging|stage|stg|uat)([^a-z]|$)' THEN 'staging'
  WHEN lower(name) ~ '(^|[^a-z])(testing|test|qa|ci)([^a-z]|$)' THEN 'testing'
  WHEN lower(name) ~ '(^|[^a-z])(development|dev|local|sandbox|preview)([^a-z]|$)' THEN 'development'
  WHEN lower(name) ~ '(^|[^a-z])((non|no|not)[^a-z]?(production|prod|prd|live))([^a-z]|$)' THEN 'other'
  WHEN lower(name) ~ '(^|[^a-z])(production|prod|prd|live)([^a-z]|$)' THEN 'production'
  ELSE 'other' END
WHERE tier = 'other'
"""
# Those that may still be heard of.
TIMED_OUT = """
UPDATE deployments SET timed_out_at = finished_at
WHERE status = 'failed' AND finished_at > now() - interval '30 days' AND timed_out_at IS NULL
  AND reason LIKE 'Nothing was heard of it for % minutes.'
"""
# As in 0060, with the key and the numbers of this revision.
CHANGED = {
    "insert": "SELECT 1 AS sign, * FROM new_rows WHERE counts",
    "update": "SELECT 1 AS sign, * FROM new_rows WHERE counts UNION ALL SELECT -1, * FROM old_rows WHERE counts",
    "delete": "SELECT -1 AS sign, * FROM old_rows WHERE counts",
}
ROLL = """
CREATE OR REPLACE FUNCTION roll_daily_deployments_{kind}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO daily_deployment_totals AS kept (day, {key}, {names})
  SELECT day, {key}, {sums} FROM ({changed}) AS changed GROUP BY 1, 2
  HAVING ({sums}) <> ({zeros})
  ORDER BY 1, 2
  ON CONFLICT (day, {key}) DO UPDATE SET {added};
  INSERT INTO daily_durations AS kept ({key}, kind, day, bucket, count)
  SELECT {key}, took.kind, day, duration_bucket(us), sum(sign)
  FROM ({changed}) AS changed, LATERAL (
    SELECT 'lead' AS kind, unnest(lead_us) AS us UNION ALL SELECT 'restore', unnest(restored_us)) AS took
  GROUP BY 1, 2, 3, 4 HAVING sum(sign) <> 0 ORDER BY 1, 2, 3, 4
  ON CONFLICT ({key}, kind, day, bucket) DO UPDATE SET count = kept.count + excluded.count;
  INSERT INTO deployments_since AS kept (since, project_id, deployments, failed)
  SELECT since, project_id, sum(sign * (succeeded + failed + cancelled)), sum(sign * failed)
  FROM ({changed}) AS changed JOIN rolled_since ON day >= since
  GROUP BY 1, 2 HAVING (sum(sign * (succeeded + failed + cancelled)), sum(sign * failed)) <> (0, 0) ORDER BY 1, 2
  ON CONFLICT (since, project_id) DO UPDATE SET deployments = kept.deployments + excluded.deployments,
    failed = kept.failed + excluded.failed;
  RETURN NULL;
END $$
"""
# What features/deployments/rolls.py did at this revision, over everything.
BACKFILL = """
WITH ended AS (
  SELECT id, environment_id, project_id, status, finished_at, commit_at,
    status = 'failed' AND started_at IS NULL AS is_unstarted,
    CASE WHEN status = 'failed' AND started_at IS NOT NULL THEN true WHEN status = 'succeeded' THEN EXISTS (
      SELECT FROM deployments AS undo WHERE undo.rollback_of_id = deployments.id AND undo.status = 'succeeded') END
    AS is_bad,
    row_number() OVER (
      PARTITION BY environment_id, status, commit_sha, CASE WHEN commit_sha = '' THEN commit_at END
      ORDER BY finished_at, id) = 1 AS is_first
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
INSERT INTO daily_deployments (environment_id, day, project_id, tier, counts, succeeded, failed, cancelled, bad,
  unstarted, lead_us, restored_us)
SELECT environment_id, CAST(finished_at AT TIME ZONE 'UTC' AS date), runs.project_id, tier,
  projects.deleted_at IS NULL, count(*) FILTER (WHERE runs.status = 'succeeded'),
  count(*) FILTER (WHERE runs.status = 'failed'), count(*) FILTER (WHERE runs.status = 'cancelled'),
  count(*) FILTER (WHERE is_bad), count(*) FILTER (WHERE is_unstarted),
  coalesce(array_agg(CAST(extract(epoch FROM finished_at - commit_at) * 1000000 AS bigint)
    ORDER BY finished_at, runs.id)
    FILTER (WHERE runs.status = 'succeeded' AND commit_at IS NOT NULL AND is_first), '{}'),
  coalesce(array_agg(CAST(extract(epoch FROM broken_for) * 1000000 AS bigint)
    ORDER BY finished_at, runs.id) FILTER (WHERE NOT is_bad AND broken_for IS NOT NULL), '{}')
FROM runs JOIN environments ON environments.id = environment_id JOIN projects ON projects.id = runs.project_id
GROUP BY 1, 2, 3, 4, 5
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {ARRIVALS}")  # one that was not finished
        op.create_index(
            ARRIVALS,
            "deployments",
            ["environment_id", "commit_sha", "commit_at"],
            postgresql_where=sa.text("status = 'succeeded'"),
            postgresql_concurrently=True,
        )
        op.execute("RESET lock_timeout")
    _add_columns()
    _rename("environment", "tier", "ix_daily_deployments_by_name", "ix_daily_deployments_by_tier")
    for table in AGGREGATES[:2]:
        op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS unstarted {_kind_of(table)} NOT NULL DEFAULT 0")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN unstarted DROP DEFAULT")
    _make_functions("tier", (*COUNTED, "unstarted"))
    with op.get_context().autocommit_block():
        op.execute(f"TRUNCATE {', '.join(AGGREGATES)}, deployments_since, rolled_since")
        op.execute(BACKFILL)


def _add_columns() -> None:
    op.execute("ALTER TABLE deployments ADD COLUMN IF NOT EXISTS timed_out_at timestamptz")
    op.execute("ALTER TABLE deployments ADD COLUMN IF NOT EXISTS is_waiting boolean NOT NULL DEFAULT false")
    op.execute(TIMED_OUT)
    op.execute("ALTER TABLE environments ADD COLUMN IF NOT EXISTS tier text NOT NULL DEFAULT 'other'")
    op.execute("ALTER TABLE environments DROP CONSTRAINT IF EXISTS ck_environments_tier")
    op.execute(f"ALTER TABLE environments ADD CONSTRAINT ck_environments_tier CHECK (tier IN ({TIERS}))")
    # Each row would tell every open page of its project to load again.
    op.execute("ALTER TABLE environments DISABLE TRIGGER environments_changed")
    op.execute(GUESS)
    op.execute("ALTER TABLE environments ENABLE TRIGGER environments_changed")


def _kind_of(table: str) -> str:
    return "integer" if table == "daily_deployments" else "bigint"


def _rename(before: str, after: str, index_before: str, index_after: str) -> None:
    for table in AGGREGATES:
        columns = {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}
        if before in columns:
            op.alter_column(table, before, new_column_name=after)
    op.execute(f"ALTER INDEX IF EXISTS {index_before} RENAME TO {index_after}")


def _make_functions(key: str, names: tuple[str, ...]) -> None:
    parts = {
        "key": key,
        "names": ", ".join(names),
        "sums": ", ".join(f"sum(sign * {name})" for name in names),
        "zeros": ", ".join("0" for _ in names),
        "added": ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in names),
    }
    for kind, changed in CHANGED.items():
        op.execute(ROLL.format(kind=kind, changed=changed, **parts))


def downgrade() -> None:
    """`recount` brings the figures to what the version before counts."""
    _rename("tier", "environment", "ix_daily_deployments_by_tier", "ix_daily_deployments_by_name")
    _make_functions("environment", COUNTED)
    for table in AGGREGATES[:2]:
        op.drop_column(table, "unstarted")
    op.execute(
        "UPDATE daily_deployments SET environment = lower(name) "
        "FROM environments WHERE environments.id = environment_id"
    )
    op.drop_constraint("ck_environments_tier", "environments")
    op.drop_column("environments", "tier")
    op.drop_column("deployments", "is_waiting")
    op.drop_column("deployments", "timed_out_at")
    op.drop_index(ARRIVALS, table_name="deployments")
