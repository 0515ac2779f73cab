"""Seeds an organisation whose environments fill a screen: projects in groups, environments, and a hundred releases."""

import psycopg

from benchmarks.seed import seed

GROUPS = 20
RELEASES = 100
# Every project has the first three; two of five have "canary", one of three has "sandbox".
ENVIRONMENTS = """
INSERT INTO environments (project_id, name, rank, tier)
SELECT projects.id, start.name, start.rank, start.tier
FROM projects, (VALUES ('development', 10, 'development', 1), ('staging', 20, 'staging', 1), ('canary', 25, 'other', 2),
  ('production', 30, 'production', 1), ('sandbox', 40, 'other', 3)) AS start (name, rank, tier, share)
WHERE start.share = 1 OR (start.share = 2 AND projects.id %% 5 < 2) OR (start.share = 3 AND projects.id %% 3 = 0)
ORDER BY projects.id, start.rank
"""
TEAMS = """
INSERT INTO groups (name) SELECT 'Team ' || number FROM generate_series(1, %(groups)s) AS number;
INSERT INTO project_groups (project_id, group_id, role)
SELECT id, (SELECT min(id) FROM groups) + id %% %(groups)s, 'deployer' FROM projects
"""
# Each environment gets every nth release, and stops some releases before the newest. One in twelve deployments failed.
DEPLOYMENTS = """
INSERT INTO deployments (project_id, environment_id, version, commit_sha, ref, status, source, created_by_id,
  created_at, updated_at, queued_at, started_at, finished_at)
SELECT project_id, id, '1.' || number / 10 || '.' || number %% 10, md5(project_id || '.' || number) || '00000000',
  'main',
  CASE WHEN (id + number) %% 12 = 5 THEN 'failed' ELSE 'succeeded' END, 'api',
  (SELECT min(id) FROM users) + (id + number) %% (SELECT count(*) FROM users),
  at, at, at, at + interval '5 seconds', at + interval '90 seconds'
FROM (
  SELECT environments.*, number, now() - interval '1 hour' - (project_id * 37 %% 90) * interval '20 minutes'
    - (%(releases)s - number) * interval '26 hours' + rank * interval '10 minutes' AS at
  FROM environments, generate_series(1, %(releases)s) AS number
  WHERE number %% (rank / 10) = 0 AND number <= %(releases)s - (project_id * rank / 10 %% 7) * (rank / 10 - 1)
) AS released
"""
OPEN = """
INSERT INTO deployments (project_id, environment_id, version, status, source, created_by_id, queued_at, started_at)
SELECT project_id, id, '2.0.0', 'in_progress', 'api', 1, now(), now() FROM environments WHERE id %% 40 = 7
"""


def seed_environments(database_url: str, projects: int) -> None:
    """Fill a database that has only its administrator."""
    seed(database_url, users=100, projects=projects)
    values = {"groups": GROUPS, "releases": RELEASES}
    with psycopg.connect(database_url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("SET session_replication_role = replica")  # no notifications and no foreign key checks
        for statement in (ENVIRONMENTS, TEAMS, DEPLOYMENTS, OPEN):
            connection.execute(statement, values)
        connection.execute("VACUUM ANALYZE")
