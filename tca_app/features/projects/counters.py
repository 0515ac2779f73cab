"""The change of an event to the number of active projects, for the daily aggregates and for members."""

# For a row of the event log with the alias `logged`.
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
