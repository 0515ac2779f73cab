"""By how much an event changes how many projects are active: for everybody by day, and for members when they look."""

# Of a row of the log that is called `logged`.
ACTIVE_CHANGE = """
    CASE
      WHEN logged.type IN ('project_created', 'project_updated', 'project_archived')
        AND logged.data -> 'after' ? 'status'
        THEN CAST(logged.data #>> '{after,status}' = 'active' AS int)
          - coalesce(CAST(logged.data #>> '{before,status}' = 'active' AS int), 0)
      WHEN logged.type = 'project_restored' THEN CAST(logged.data ->> 'status' = 'active' AS int)
      WHEN logged.type = 'project_deleted' THEN -CAST(logged.data ->> 'status' = 'active' AS int)
      ELSE 0
    END
"""
