"""The triggers of the schema: the chain of the log, the sums of the aggregates, and change notifications."""

from alembic import op

from initial_schema.functions import CHANGED_ROWS

ANY_CHANGE = "INSERT OR UPDATE OR DELETE"

# Table, when, and the function, which is called once for each statement or row.
LOG = (
    ("events_chained", "events", "BEFORE INSERT", "ROW", "chain_event()"),
    ("events_kept", "events", "BEFORE UPDATE OR DELETE OR TRUNCATE", "STATEMENT", "refuse_change()"),
    ("events_changed", "events", "AFTER INSERT", "STATEMENT", "notify_table('activity')"),
)

# Tables whose lists and figures are watched as a whole, with their topic.
LISTS = {
    "users_list_changed": ("users", "users"),
    "projects_list_changed": ("projects", "projects"),
    "project_members_list_changed": ("project_members", "projects"),
    "jobs_changed": ("procrastinate_jobs", "jobs"),
    "metrics_changed": ("daily_metrics", "stats"),
    # A probe run writes samples and the state of every check that it asked, so the checks alone notify the screens.
    "health_checks_changed": ("health_checks", "health"),
    "incidents_changed": ("incidents", "health"),
    "incident_notes_changed": ("incident_notes", "health"),
}

# A changed user or an ended session notifies every process that may have it cached. The last use of a session is
# not such a change.
SESSION_ENDS = "UPDATE OF revoked_at, expires_at, auth_version, user_id OR DELETE"
ROWS = (
    ("users_changed", "users", "UPDATE OR DELETE", "notify_change('user')"),
    ("auth_sessions_changed", "auth_sessions", SESSION_ENDS, "notify_change('session')"),
    ("projects_changed", "projects", "UPDATE OR DELETE", "notify_change('project')"),
    ("project_team_changed", "project_members", ANY_CHANGE, "notify_team()"),
    ("notifications_changed", "notifications", ANY_CHANGE, "notify_inbox()"),
    ("deployments_changed", "deployments", ANY_CHANGE, "notify_deployment()"),
    ("environments_changed", "environments", ANY_CHANGE, "notify_place()"),
    ("freeze_windows_changed", "freeze_windows", ANY_CHANGE, "notify_place()"),
    ("webhooks_changed", "webhooks", ANY_CHANGE, "notify_webhook()"),
    ("webhook_deliveries_changed", "webhook_deliveries", "INSERT OR UPDATE", "notify_webhook()"),
    ("slack_channels_changed", "slack_channels", ANY_CHANGE, "notify_slack()"),
)

TRANSITION_TABLES = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}


def create() -> None:
    for name, table, when, level, function in LOG:
        _create(name, table, when, level, function)
    for name, (table, topic) in LISTS.items():
        _create(name, table, f"AFTER {ANY_CHANGE}", "STATEMENT", f"notify_table('{topic}')")
    for name, table, change, function in ROWS:
        _create(name, table, f"AFTER {change}", "ROW", function)
    for kind in CHANGED_ROWS:
        op.execute(
            f"CREATE TRIGGER daily_deployments_rolled_{kind} AFTER {kind} ON daily_deployments "
            f"REFERENCING {TRANSITION_TABLES[kind]} FOR EACH STATEMENT EXECUTE FUNCTION roll_daily_deployments_{kind}()"
        )


def _create(name: str, table: str, when: str, level: str, function: str) -> None:
    op.execute(f"CREATE TRIGGER {name} {when} ON {table} FOR EACH {level} EXECUTE FUNCTION {function}")
