"""Parts of the statements of the environment matrix."""

VISIBLE = (
    "deleted_at IS NULL AND (:sees_all OR id IN (SELECT project_id FROM project_members WHERE user_id = :actor_id))"
)
CURRENT = """
    LEFT JOIN LATERAL (
      SELECT * FROM deployments
      WHERE deployments.environment_id = environments.id AND deployments.status = 'succeeded'
      ORDER BY finished_at DESC, id DESC LIMIT 1
    ) AS current ON true
"""
# A release is a version that was deployed successfully anywhere in the project; a newer one arrived later. Only the
# last deployments are read, so that an environment that was left behind for years costs no more than the others.
MAX_BEHIND_READ = 200
BEHIND = f"""
    LEFT JOIN LATERAL (
      SELECT min(finished_at) AS at FROM deployments
      WHERE project_id = page.id AND version = current.version AND status = 'succeeded'
    ) AS arrival ON true
    LEFT JOIN LATERAL (
      SELECT count(*) AS count FROM (
        SELECT DISTINCT version FROM (
          SELECT version FROM deployments
          WHERE project_id = page.id AND status = 'succeeded' AND finished_at > arrival.at
          ORDER BY finished_at DESC LIMIT {MAX_BEHIND_READ}) AS recent) AS later
      WHERE arrival.at < (
        SELECT min(finished_at) FROM deployments
        WHERE project_id = page.id AND version = later.version AND status = 'succeeded')
    ) AS newer ON current.id IS NOT NULL
"""  # noqa: S608  constant SQL
# Administrators see every group, others those that they are in.
KNOWN_GROUPS = """
    SELECT id FROM groups WHERE :sees_all OR id IN (SELECT group_id FROM group_members WHERE user_id = :actor_id)
"""
