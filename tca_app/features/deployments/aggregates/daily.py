"""Daily aggregates of deployments by environment, recomputed from the rows whenever a deployment ended.

Recomputing a day gives the same result however often and in whatever order it happens, so repeated and late events
do no harm. Triggers of the table maintain the totals over all projects. docs/decisions/0026 says why.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.database.session import take_time
from tca_app.core.events.log import RecordedEvent
from tca_app.core.periods import PERIODS, days_in

ENDINGS = (
    "deployment_succeeded",
    "deployment_failed",
    "deployment_cancelled",
    "deployment_imported",
    "deployment_resumed",
    "deployment_corrected",
)
# After these events the rows of a whole project may stop or start to count, or have another tier.
RELABELLING = ("project_deleted", "project_restored", "environment_updated")

# An environment from a day on, with its last good deployment before that day, after which an outage may have begun.
# `round` counts the good ones before a row, so an outage and the deployment that ends it share the same number. A
# deployment that failed before it started is neither good nor bad. Only the first arrival of a commit has a lead
# time; a commit without a hash is identified by its time. "IS NOT NULL" is implied, but lets PostgreSQL read the few
# rollbacks by their index instead of every deployment.
DAYS = """
    ended AS (
      SELECT deployments.id, environment_id, project_id, since, deployments.status, deployments.finished_at, commit_at,
        deployments.status = 'failed' AND started_at IS NULL AS is_unstarted,
        CASE WHEN deployments.status = 'succeeded' THEN EXISTS (
            SELECT FROM deployments AS undo WHERE undo.rollback_of_id = deployments.id
              AND undo.rollback_of_id IS NOT NULL AND undo.status = 'succeeded')
          WHEN deployments.status = 'failed' AND started_at IS NOT NULL THEN true END AS is_bad,
        deployments.status = 'succeeded' AND commit_at IS NOT NULL AND CASE WHEN commit_sha <> '' THEN NOT EXISTS (
            SELECT FROM deployments AS first
            WHERE first.environment_id = deployments.environment_id
              AND first.commit_sha >= left(deployments.commit_sha, 7)
              AND first.commit_sha < left(deployments.commit_sha, 7) || 'g'
              AND (starts_with(first.commit_sha, deployments.commit_sha)
                OR starts_with(deployments.commit_sha, first.commit_sha))
              AND first.status = 'succeeded'
              AND (first.finished_at, first.id) < (deployments.finished_at, deployments.id))
          ELSE NOT EXISTS (
            SELECT FROM deployments AS first
            WHERE first.environment_id = deployments.environment_id AND first.commit_sha = ''
              AND first.commit_at = deployments.commit_at AND first.status = 'succeeded'
              AND (first.finished_at, first.id) < (deployments.finished_at, deployments.id)) END AS is_first
      FROM touched
      LEFT JOIN LATERAL (
        SELECT finished_at FROM deployments AS earlier
        WHERE earlier.environment_id = touched.environment_id AND earlier.status = 'succeeded'
          AND finished_at < CAST(since AS timestamp) AT TIME ZONE 'UTC' AND NOT EXISTS (
            SELECT FROM deployments AS undo WHERE undo.rollback_of_id = earlier.id
              AND undo.rollback_of_id IS NOT NULL AND undo.status = 'succeeded')
        ORDER BY finished_at DESC, id DESC LIMIT 1
      ) AS good ON true
      JOIN deployments USING (environment_id)
      WHERE deployments.finished_at >= coalesce(good.finished_at, '-infinity')
    ),
    rounds AS (
      SELECT *, count(*) FILTER (WHERE NOT is_bad) OVER (
        PARTITION BY environment_id ORDER BY finished_at, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS round
      FROM ended
    ),
    runs AS (
      SELECT *, CAST(finished_at AT TIME ZONE 'UTC' AS date) AS day,
        finished_at - min(finished_at) FILTER (WHERE is_bad) OVER (PARTITION BY environment_id, round) AS broken_for
      FROM rounds
    ),
    days AS (
      SELECT environment_id, day, runs.project_id, environments.tier,
        projects.deleted_at IS NULL AS counts,
        CAST(count(*) FILTER (WHERE runs.status = 'succeeded') AS int) AS succeeded,
        CAST(count(*) FILTER (WHERE runs.status = 'failed') AS int) AS failed,
        CAST(count(*) FILTER (WHERE runs.status = 'cancelled') AS int) AS cancelled,
        CAST(count(*) FILTER (WHERE is_bad) AS int) AS bad,
        CAST(count(*) FILTER (WHERE is_unstarted) AS int) AS unstarted,
        coalesce(array_agg(CAST(extract(epoch FROM finished_at - commit_at) * 1000000 AS bigint)
          ORDER BY finished_at, runs.id) FILTER (WHERE is_first), '{}') AS lead_us,
        coalesce(array_agg(CAST(extract(epoch FROM broken_for) * 1000000 AS bigint)
          ORDER BY finished_at, runs.id) FILTER (WHERE NOT is_bad AND broken_for IS NOT NULL), '{}') AS restored_us
      FROM runs
      JOIN environments ON environments.id = environment_id
      JOIN projects ON projects.id = runs.project_id
      WHERE day >= since
      GROUP BY environment_id, day, runs.project_id, environments.tier, projects.deleted_at
    )
"""
COLUMNS = (
    "environment_id, day, project_id, tier, counts, succeeded, failed, cancelled, bad, unstarted, lead_us, restored_us"
)
_VALUES = COLUMNS.split(", ")[2:]
PUT = f"""
    INSERT INTO daily_deployments AS kept ({COLUMNS}) SELECT {COLUMNS} FROM days ORDER BY environment_id, day
    ON CONFLICT (environment_id, day) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _VALUES)}
    WHERE ({", ".join(f"kept.{name}" for name in _VALUES)})
      IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in _VALUES)})
"""  # noqa: S608  constant SQL
# A rollback turns a good deployment into a bad one, so the day of that deployment changes too. Its id is looked up
# first, as an array: with an OR of two conditions PostgreSQL would scan every deployment. The end may have moved to
# another day, but not to one before the deployment was queued, so the range starts there. Empty days are deleted.
_ROLL = text(
    f"""
    WITH touched AS (
      SELECT environment_id, min(CAST(least(queued_at, finished_at) AT TIME ZONE 'UTC' AS date)) AS since
      FROM deployments
      WHERE id = ANY(:ids || ARRAY(
        SELECT rollback_of_id FROM deployments AS undo WHERE undo.id = ANY(:ids) AND rollback_of_id IS NOT NULL))
      GROUP BY 1
    ), {DAYS}, gone AS (
      DELETE FROM daily_deployments AS kept USING touched
      WHERE kept.environment_id = touched.environment_id AND kept.day >= since
        AND NOT EXISTS (SELECT FROM days WHERE days.environment_id = kept.environment_id AND days.day = kept.day)
    ) {PUT}
    """  # noqa: S608
).bindparams(bindparam("ids", type_=ARRAY(BigInteger)))
_RELABEL = text(
    """
    UPDATE daily_deployments AS kept SET counts = projects.deleted_at IS NULL, tier = environments.tier
    FROM environments JOIN projects ON projects.id = project_id
    WHERE kept.project_id = ANY(:ids) AND environments.id = kept.environment_id
      AND (counts, kept.tier) <> (projects.deleted_at IS NULL, environments.tier)
    """
).bindparams(bindparam("ids", type_=ARRAY(BigInteger)))

# The first day of each period, as of today and as of tomorrow.
_FIRST_DAYS = (
    "SELECT CAST(now() AT TIME ZONE 'UTC' AS date) - days + ahead + 1 "
    "FROM unnest(CAST(:periods AS int[])) AS days, generate_series(0, 1) AS ahead"
)
_FORGET = text(
    f"""
    WITH gone AS (DELETE FROM rolled_since WHERE since NOT IN ({_FIRST_DAYS}) RETURNING since)
    DELETE FROM deployments_since USING gone WHERE deployments_since.since = gone.since
    """  # noqa: S608
)
_START = text(
    f"""
    WITH new AS (INSERT INTO rolled_since (since) {_FIRST_DAYS} ON CONFLICT DO NOTHING RETURNING since)
    INSERT INTO deployments_since (since, project_id, deployments, failed)
    SELECT since, project_id, sum(succeeded + failed + cancelled), sum(failed)
    FROM new JOIN daily_deployments ON day >= since WHERE counts GROUP BY 1, 2
    """  # noqa: S608
)


async def refresh_daily(session: AsyncSession, events: Sequence[RecordedEvent]) -> None:
    """Refreshes the aggregates for these events. The caller holds the lock of the aggregates."""
    ended = [event.subject_id for event in events if event.type in ENDINGS]
    if ended:
        await refresh_deployments(session, ended)
    relabelled = [event.project_id for event in events if event.type in RELABELLING and event.project_id]
    if relabelled:
        await session.execute(_RELABEL, {"ids": relabelled})


async def refresh_deployments(session: AsyncSession, ids: Sequence[int]) -> None:
    """Recomputes the days of these deployments, and later days of their environments."""
    await session.execute(_ROLL, {"ids": list(ids)})


async def roll_over_periods(session: AsyncSession) -> None:
    """Creates the sums of tomorrow's periods and deletes those of yesterday's. The caller holds the lock."""
    values: dict[str, Any] = {"periods": [days_in(period) for period in PERIODS]}
    await take_time(session)
    await session.execute(_FORGET, values)
    await session.execute(_START, values)
