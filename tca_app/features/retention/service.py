"""Deletes what is older than its retention period: the trash, and rows that are no longer needed.

`event_log` deletes old events. docs/retention.md names every table with what limits it.
"""

from typing import NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.core.display_name import DISPLAY_NAME_TEXT
from tca_app.core.events.log import emit
from tca_app.features.projects.events import ProjectPurged
from tca_app.features.users.events import UserPurged

BATCH = 5_000
PURGED_AT_ONCE = 100

# Maps a table to the condition of rows to delete. Effects keep a second delivery from counting twice, so they outlive
# every job that may still run. Those of the aggregates stay, because the aggregates can be rebuilt from them.
_OLD = {
    "idempotency_keys": "created_at < now() - interval '24 hours'",
    "api_tokens": "least(expires_at, revoked_at) < now() - interval '90 days' "
    "OR ci_trust_id IS NOT NULL AND expires_at < now() - interval '1 day'",
    "used_id_tokens": "expires_at < now()",
    # A service account without a token or a trusted issuer, unless a deployment names it.
    "users": "kind = 'service' AND NOT EXISTS (SELECT FROM api_tokens WHERE user_id = users.id) "
    "AND NOT EXISTS (SELECT FROM ci_trusts WHERE user_id = users.id) "
    "AND NOT EXISTS (SELECT FROM deployments WHERE created_by_id = users.id)",
    "login_throttles": "last_failed_at < now() - interval '24 hours'",
    "invitations": "greatest(expires_at, accepted_at, revoked_at) < now() - interval '90 days'",
    "pending_sign_ins": "expires_at < now()",
    "one_time_tokens": "purpose = 'status_confirmation' AND expires_at < now()",  # addresses of strangers
    "event_effects": "consumer <> 'analytics' AND at < now() - interval '30 days'",
    "event_exports": "at < now() - interval '30 days'",
    "backup_runs": "finished_at < now() - interval '1 year'",
    "health_rolls": "seconds = 300 AND starts_at < now() - interval '30 days' OR starts_at < now() - interval '1 year'",
    "job_failures": "NOT EXISTS (SELECT FROM procrastinate_jobs WHERE id = job_id)",
}
# The same for tables with a setting, `retention_<name>_days`: (name, table, condition). 0 days keep the rows.
_AGE = "now() - make_interval(days => :days)"
_LAST_FAILED = "(SELECT max(at) FROM job_failures WHERE job_id = procrastinate_jobs.id)"
_OLD_BY_SETTING = (
    ("sessions", "auth_sessions", f"least(expires_at, revoked_at) < {_AGE}"),
    ("one_time_tokens", "one_time_tokens", f"expires_at < {_AGE}"),
    (
        "notifications",
        "notifications",
        f"created_at < {_AGE} OR read_at < now() - make_interval(days => least(:days, 90))",
    ),
    ("webhook_deliveries", "webhook_deliveries", f"at < {_AGE}"),
    ("commits", "github_commits", f"at < {_AGE}"),
    ("health_samples", "health_samples", f"at < {_AGE}"),
    (
        "imports",
        "imports",
        f"finished_at < {_AGE} OR state = 'preview' AND created_at < now() - interval '1 day'",
    ),
    ("dead_jobs", "procrastinate_jobs", f"status = 'failed' AND {_LAST_FAILED} < {_AGE}"),
)


def _delete(table: str, is_old: str) -> TextClause:
    return text(
        f"WITH old AS (SELECT ctid FROM {table} WHERE {is_old} LIMIT :most), "  # noqa: S608  constant SQL
        f"gone AS (DELETE FROM {table} WHERE ctid IN (SELECT ctid FROM old) RETURNING 1) SELECT count(*) FROM gone"
    )


_TRIM = {table: _delete(table, is_old) for table, is_old in _OLD.items()}
_TRIM_BY_SETTING = {name: (table, _delete(table, is_old)) for name, table, is_old in _OLD_BY_SETTING}
# A deployment that ended before some time also began before it, and ids are in the order of their beginnings. So only
# the logs up to that id are looked at, and no scan of all lines is needed to find nothing.
_TRIM_LOGS = text(
    """
    WITH old AS (
      SELECT line.deployment_id, line.seq
      FROM deployment_logs AS line JOIN deployments ON deployments.id = line.deployment_id
      WHERE line.deployment_id <= (
          SELECT id FROM deployments WHERE created_at < now() - make_interval(days => :days)
          ORDER BY created_at DESC LIMIT 1)
        AND finished_at < now() - make_interval(days => :days)
      ORDER BY line.deployment_id, line.seq LIMIT :most
    ), gone AS (
      DELETE FROM deployment_logs USING old
      WHERE deployment_logs.deployment_id = old.deployment_id AND deployment_logs.seq = old.seq RETURNING 1
    ) SELECT count(*) FROM gone
    """
)
_PROJECTS = text(
    "DELETE FROM projects WHERE id IN (SELECT id FROM projects WHERE deleted_at < now() - make_interval(days => :days) "
    "ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED) RETURNING id, name"
)
# The owner of a project stays until the project is gone. It is rare, because deleting a user asks for a new owner.
_USERS = text(
    f"""
    DELETE FROM users WHERE id IN (
      SELECT id FROM users WHERE deleted_at < now() - make_interval(days => :days) AND erased_at IS NULL
        AND NOT EXISTS (SELECT FROM projects WHERE owner_id = users.id)
      ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
    ) RETURNING id, {DISPLAY_NAME_TEXT} AS name
    """  # noqa: S608  constant SQL
)


class _Purged(NamedTuple):
    """What was deleted permanently."""

    id: int
    name: str


async def trim(session: AsyncSession) -> dict[str, int]:
    """Deletes up to `BATCH` old rows of each table. Returns the number for each."""
    gone = {table: (await session.execute(done, {"most": BATCH})).scalar_one() for table, done in _TRIM.items()}
    by_setting = {**_TRIM_BY_SETTING, "deployment_logs": ("deployment_logs", _TRIM_LOGS)}
    for name, (table, done) in by_setting.items():
        if days := getattr(get_settings(), f"retention_{name}_days"):
            deleted = (await session.execute(done, {"most": BATCH, "days": days})).scalar_one()
            gone[table] = gone.get(table, 0) + deleted
    return gone


async def purge_trash(session: AsyncSession) -> int:
    """Deletes what has been in the trash long enough, up to `PURGED_AT_ONCE` of a kind. Returns how many."""
    days = get_settings().retention_trash_days
    if not days:
        return 0
    projects = await _purge(session, _PROJECTS, days)
    for row in projects:
        await emit(session, None, ProjectPurged.of(row))
    users = await _purge(session, _USERS, days)
    for row in users:
        await emit(session, None, UserPurged(subject_id=row.id, subject_name=row.name))
    return len(projects) + len(users)


async def _purge(session: AsyncSession, statement: TextClause, days: int) -> list[_Purged]:
    rows = await session.execute(statement, {"days": days, "most": PURGED_AT_ONCE})
    return [_Purged(row.id, row.name) for row in rows]
