"""Analytics consumer: updates the daily metrics with each event; `recount` repairs them from the log.

It also refreshes the daily aggregates of deployments, which `recount` compares with the deployments.
"""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import ARRAY, BigInteger, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.consumers.services import hand_over
from tca_app.core.cache.shared import changed
from tca_app.core.database.session import after_commit, lock, take_time
from tca_app.core.events.consumers import consumer
from tca_app.core.events.log import RecordedEvent
from tca_app.core.telemetry.metrics import OTHER, note_deployment
from tca_app.features.deployments.aggregates.daily import refresh_daily, roll_over_periods
from tca_app.features.deployments.aggregates.repair import RepairReport, repair_aggregates
from tca_app.features.event_export import service as event_export
from tca_app.features.projects.counters import ACTIVE_CHANGE

CONSUMER = "analytics"
# Event type to the metric that it increments.
COUNTED = {
    "user_created": "users_created",
    "user_deleted": "users_deleted",
    "user_restored": "users_restored",
    "user_logged_in": "sign_ins",
    "login_failed": "sign_ins_failed",
    "project_created": "projects_created",
    "project_archived": "projects_archived",
    "project_deleted": "projects_deleted",
    "project_restored": "projects_restored",
    "member_added": "members_added",
    "member_removed": "members_removed",
    "deployment_queued": "deployments_queued",
    "deployment_succeeded": "deployments_succeeded",
    "deployment_failed": "deployments_failed",
    "deployment_cancelled": "deployments_cancelled",
}
RESULTS = {
    "deployment_succeeded": "succeeded",
    "deployment_failed": "failed",
    "deployment_cancelled": "cancelled",
}
# The definition of all metrics. `events`: all events, by type. `users_total` and `projects_active`: the change of the
# total on that day; with the current count they give the total on any earlier day.
_NUMBERS = f"""
    SELECT CAST(logged.at AT TIME ZONE 'UTC' AS date) AS day, number.name, number.dimension,
      CAST(sum(number.value) AS bigint) AS value
    FROM logged
    LEFT JOIN unnest(CAST(:types AS text[]), CAST(:names AS text[])) AS counted (type, name) USING (type)
    CROSS JOIN LATERAL (VALUES
      ('events', logged.type, 1),
      (counted.name, '', 1),
      ('users_total', '', CASE logged.type WHEN 'user_created' THEN 1 WHEN 'user_restored' THEN 1
        WHEN 'user_deleted' THEN -1
        WHEN 'user_erased' THEN CAST(CAST(logged.data ->> 'was_in_trash' AS boolean) AS int) - 1 ELSE 0 END),
      ('projects_active', '', {ACTIVE_CHANGE})
    ) AS number (name, dimension, value)
    WHERE number.name IS NOT NULL AND number.value <> 0
    GROUP BY 1, 2, 3
"""  # noqa: S608  constants only
_ADD = text(
    f"""
    WITH logged AS (SELECT at, type, data FROM events WHERE id = ANY(:ids)), numbers AS ({_NUMBERS})
    INSERT INTO daily_metrics (day, name, dimension, value)
    SELECT day, name, dimension, value FROM numbers ORDER BY 1, 2, 3
    ON CONFLICT (day, name, dimension) DO UPDATE SET value = daily_metrics.value + excluded.value
    """  # noqa: S608
).bindparams(bindparam("ids", type_=ARRAY(BigInteger)))
# The last day of which the log may have lost events to retention: what was counted then stays.
_LAST_REMOVED = """
    coalesce((SELECT CAST(max(CAST(data ->> 'older_than' AS timestamptz)) AT TIME ZONE 'UTC' AS date)
      FROM events WHERE type = 'events_removed'), '-infinity')
"""
# Only events that this consumer has already handled, so that pending events do not count as a difference.
_RECOUNT = text(
    f"""
    WITH logged AS (
      SELECT events.at, type, data FROM events JOIN event_effects ON event_id = events.id AND consumer = 'analytics'
      WHERE CAST(events.at AT TIME ZONE 'UTC' AS date) > {_LAST_REMOVED}
    ), wanted AS ({_NUMBERS})
    SELECT day, name, dimension, coalesce(kept.value, 0) AS kept, coalesce(wanted.value, 0) AS wanted
    FROM wanted FULL JOIN (SELECT * FROM daily_metrics WHERE day > {_LAST_REMOVED}) AS kept USING (day, name, dimension)
    """  # noqa: S608
)
_PUT = text(
    "INSERT INTO daily_metrics (day, name, dimension, value) VALUES (:day, :name, :dimension, :wanted) "
    "ON CONFLICT (day, name, dimension) DO UPDATE SET value = excluded.value"
)
_NAMED = {"types": list(COUNTED), "names": list(COUNTED.values())}


@consumer(CONSUMER)
async def count(session: AsyncSession, events: Sequence[RecordedEvent]) -> None:
    """Add a batch to the daily metrics in one statement, and refresh the aggregates of its deployments."""
    await lock(session, CONSUMER)  # `recount` takes it too; workers would contend for the same rows anyway
    await session.execute(_ADD, _NAMED | {"ids": [event.id for event in events]})
    await refresh_daily(session, events)
    await _count_for_prometheus(session, [event for event in events if event.type in RESULTS])
    changed(session, "stat")
    await event_export.stage(session, events)
    await hand_over(session, "analytics", (event.for_services() for event in events))


_SLUGS = text("SELECT id, slug FROM projects WHERE id = ANY(:ids)")


async def _count_for_prometheus(session: AsyncSession, ended: Sequence[RecordedEvent]) -> None:
    if not ended:
        return
    rows = await session.execute(_SLUGS, {"ids": [event.project_id for event in ended]})
    slugs = {row.id: row.slug for row in rows}
    for event in ended:
        project = slugs.get(event.project_id, OTHER)
        after_commit(session, partial(note_deployment, project, event.data["environment"], RESULTS[event.type]))


async def recount(session: AsyncSession) -> RepairReport:
    """Compare the daily metrics with the log and the aggregates with the deployments, and repair differences."""
    await take_time(session)
    await lock(session, CONSUMER)
    rows = (await session.execute(_RECOUNT, _NAMED)).all()
    wrong = [row for row in rows if row.kept != row.wanted]
    if wrong:
        await session.execute(_PUT, [dict(row._mapping) for row in wrong])
    rolled = await repair_aggregates(session)
    await roll_over_periods(session)
    changed(session, "stat")
    differences = [f"{row.day} {row.name} {row.dimension}".rstrip() + f": {row.kept} -> {row.wanted}" for row in wrong]
    return RepairReport(
        compared=len(rows) + rolled.compared,
        differences=differences + rolled.differences,
        mended=len(differences) + rolled.mended,
    )


async def begin_periods(session: AsyncSession) -> None:
    """Prepare the sums for tomorrow's periods before they begin."""
    await lock(session, CONSUMER)
    await roll_over_periods(session)
