"""Deletes what is older than its retention period: the trash, and rows that are no longer needed.

The event log is kept forever, and a dead job until somebody retries or discards it.
"""

from typing import NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.display_name import DISPLAY_NAME_TEXT
from tca_app.core.events.log import emit
from tca_app.features.projects.events import ProjectPurged
from tca_app.features.users.events import UserPurged

TRASH_DAYS = 30
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
    "auth_sessions": "least(expires_at, revoked_at) < now() - interval '30 days'",
    "login_throttles": "last_failed_at < now() - interval '24 hours'",
    "one_time_tokens": "expires_at < now() - interval '7 days'",
    "invitations": "greatest(expires_at, accepted_at, revoked_at) < now() - interval '90 days'",
    "pending_sign_ins": "expires_at < now()",
    "notifications": "read_at < now() - interval '90 days' OR created_at < now() - interval '1 year'",
    "webhook_deliveries": "at < now() - interval '90 days'",
    "event_effects": "consumer <> 'analytics' AND at < now() - interval '30 days'",
    "backup_runs": "finished_at < now() - interval '1 year'",
    "health_samples": "at < now() - interval '48 hours'",
    "health_rolls": "seconds = 300 AND starts_at < now() - interval '30 days' OR starts_at < now() - interval '1 year'",
    "job_failures": "NOT EXISTS (SELECT FROM procrastinate_jobs WHERE id = job_id)",
}
_TRIM = {
    table: text(
        f"WITH old AS (SELECT ctid FROM {table} WHERE {is_old} LIMIT :most), "  # noqa: S608  constant SQL
        f"gone AS (DELETE FROM {table} WHERE ctid IN (SELECT ctid FROM old) RETURNING 1) SELECT count(*) FROM gone"
    )
    for table, is_old in _OLD.items()
}
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
    return {table: (await session.execute(done, {"most": BATCH})).scalar_one() for table, done in _TRIM.items()}


async def purge_trash(session: AsyncSession) -> int:
    """Deletes what has been in the trash for `TRASH_DAYS`, up to `PURGED_AT_ONCE` of a kind. Returns how many."""
    projects = await _purge(session, _PROJECTS)
    for row in projects:
        await emit(session, None, ProjectPurged.of(row))
    users = await _purge(session, _USERS)
    for row in users:
        await emit(session, None, UserPurged(subject_id=row.id, subject_name=row.name))
    return len(projects) + len(users)


async def _purge(session: AsyncSession, statement: TextClause) -> list[_Purged]:
    rows = await session.execute(statement, {"days": TRASH_DAYS, "most": PURGED_AT_ONCE})
    return [_Purged(row.id, row.name) for row in rows]
