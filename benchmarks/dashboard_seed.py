"""Seeds a large organisation in SQL: people, projects with teams and environments, and 120 days of deployments.

A few projects deploy most; the volume grows over time; weekends are quiet.
"""

from typing import Any

import psycopg

from benchmarks.seed import seed

DAYS = 120
OPEN = 2_000  # currently in progress or queued
VIEWERS = {"member of 5": 2, "member of 300": 3, "member of the 300 busiest": 4}

ENVIRONMENTS = """
INSERT INTO environments (project_id, name, rank, tier)
SELECT projects.id, start.name, start.rank, start.name
FROM projects, (VALUES ('development', 10), ('staging', 20), ('production', 30)) AS start (name, rank)
ORDER BY projects.id, start.rank
"""
STATES = """
UPDATE projects SET status = CASE WHEN id % 10 = 3 THEN 'paused' WHEN id % 10 = 7 THEN 'archived' ELSE 'active' END,
  deleted_at = CASE WHEN id % 100 = 42 THEN now() - id % 29 * interval '1 day' END
WHERE id % 10 IN (3, 7) OR id % 100 = 42
"""
# The first projects are the busiest.
TEAMS = """
INSERT INTO project_members (project_id, user_id, role)
SELECT projects.id, 10 + floor(random() * (%(users)s - 10)), 'deployer' FROM projects, generate_series(1, 4)
UNION ALL SELECT id, 2, 'deployer' FROM (SELECT id FROM projects ORDER BY random() LIMIT 5) AS five
UNION ALL SELECT id, 3, 'deployer' FROM (SELECT id FROM projects ORDER BY random() LIMIT 300) AS drawn
UNION ALL SELECT id, 4, 'deployer' FROM (SELECT id FROM projects ORDER BY id LIMIT 300) AS busiest
ON CONFLICT DO NOTHING
"""
DEPLOYMENTS = """
INSERT INTO deployments (project_id, environment_id, version, commit_sha, ref, commit_at, status, source, created_by_id,
  created_at, updated_at, queued_at, started_at, finished_at)
SELECT project, place, '1.' || number / 4000 || '.' || number %% 100, md5(CAST(number AS text)) || '00000000', 'main',
  CASE WHEN random() < 0.9 THEN at - exp(8 + 1.3 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()))
    * interval '1 second' END,
  CASE WHEN number > %(count)s - %(open)s THEN CASE WHEN luck < 0.5 THEN 'in_progress' ELSE 'queued' END
    WHEN luck < 0.86 THEN 'succeeded' WHEN luck < 0.97 THEN 'failed' ELSE 'cancelled' END,
  'api', 5 + number %% 1000, at, at, at,
  CASE WHEN number <= %(count)s - %(open)s OR luck < 0.5 THEN at + interval '5 seconds' END,
  CASE WHEN number <= %(count)s - %(open)s THEN least(at + (60 + 500 * random()) * interval '1 second', now()) END
FROM (
  SELECT number, 1 + CAST(floor(%(projects)s * popularity * popularity) AS bigint) AS project, luck,
    3 * CAST(floor(%(projects)s * popularity * popularity) AS bigint)
      + CASE WHEN stage < 0.5 THEN 1 WHEN stage < 0.8 THEN 2 ELSE 3 END AS place,
    at - CASE WHEN extract(isodow FROM at) > 5 AND random() < 0.85 THEN interval '2 days' ELSE interval '0' END AS at
  FROM (
    SELECT number, random() AS popularity, random() AS stage, random() AS luck,
      now() - interval '8 minutes' - %(days)s * interval '1 day' * (1 - power(number / CAST(%(count)s AS float8), 0.85))
        AS at
    FROM generate_series(1, %(count)s) AS number
  ) AS drawn
) AS told
"""
# One in 25 successful production deployments was rolled back by the next one.
TAKEN_BACK = """
UPDATE deployments SET rollback_of_id = earlier.id
FROM (
  SELECT id AS later_id, lag(id) OVER (PARTITION BY environment_id ORDER BY finished_at, id) AS id
  FROM deployments WHERE status = 'succeeded' AND environment_id % 3 = 0
) AS earlier
WHERE deployments.id = later_id AND earlier.id IS NOT NULL AND later_id % 25 = 0
"""
PAST = """
INSERT INTO daily_metrics (day, name, dimension, value)
SELECT CAST(created_at AT TIME ZONE 'UTC' AS date), 'users_total', '', count(*) FROM users GROUP BY 1
UNION ALL
SELECT CAST(created_at AT TIME ZONE 'UTC' AS date), 'projects_active', '', count(*) FROM projects GROUP BY 1
ON CONFLICT (day, name, dimension) DO UPDATE SET value = excluded.value
"""
# The events of the projects, 8 each: a member's dashboard reads their history from the log.
PROJECT_EVENTS = """
INSERT INTO events (uuid, at, type, version, subject_type, subject_id, subject_name, sequence, actor_type, actor_name,
  project_id, data, ip, request_id, previous_hash, hash)
SELECT gen_random_uuid(), created_at + (number - 1) * (now() - created_at) / 8,
  CASE number WHEN 1 THEN 'project_created' WHEN 8 THEN 'project_updated' ELSE 'member_added' END,
  1, 'project', id, name, number, 'system', 'System', id,
  jsonb_build_object(
    'before', CASE WHEN number = 8 THEN '{"status": "active"}' ELSE '{}' END::jsonb,
    'after', CASE number WHEN 1 THEN '{"status": "active"}'::jsonb WHEN 8 THEN jsonb_build_object('status', status)
      ELSE '{}' END),
  '', '', '', ''
FROM generate_series(1, 8) AS number, projects
"""


def seed_deployments(database_url: str, *, users: int, projects: int, deployments: int) -> None:
    """Fill an empty database. The daily aggregates are left to the product."""
    seed(database_url, users=users, projects=projects)
    values: dict[str, Any] = {"users": users, "projects": projects, "count": deployments, "days": DAYS, "open": OPEN}
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # no notifications and no foreign key checks
        connection.execute("SET maintenance_work_mem = '1GB'")
        connection.execute(ENVIRONMENTS)
        connection.execute(STATES)
        connection.execute(TEAMS, values)
        indexes = connection.execute(
            "SELECT indexdef, indexname FROM pg_indexes "
            "WHERE tablename = 'deployments' AND indexname <> 'pk_deployments'"
        ).fetchall()
        for _, name in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute(DEPLOYMENTS, values)
        connection.execute(TAKEN_BACK)
        for definition, _ in indexes:
            connection.execute(definition)
        connection.execute("VACUUM ANALYZE")


def seed_past(database_url: str) -> None:
    """Write the daily metrics and the events of the projects.

    It runs after the recount, which would remove these metrics, because no consumer has handled these rows.
    """
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(PAST)
        if connection.execute("SELECT FROM events LIMIT 1").fetchone() is None:
            connection.execute("SET session_replication_role = replica")
            connection.execute(PROJECT_EVENTS)
            connection.execute("VACUUM ANALYZE events")
