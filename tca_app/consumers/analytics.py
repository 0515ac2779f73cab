"""The numbers by day: what is counted, kept by the events as they come and made again from the log by `recount`."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.consumers.services import hand_over
from tca_app.core.consumers import consumer
from tca_app.core.db import lock
from tca_app.core.events import Logged

CONSUMER = "analytics"
# The one place that says which number an event of which type adds one to.
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
EVENTS = "events"  # all of them, with the type as dimension

_ADD = text(
    """
    INSERT INTO daily_metrics (day, name, dimension, value)
    SELECT * FROM unnest(CAST(:days AS date[]), CAST(:names AS text[]), CAST(:dimensions AS text[]),
                         CAST(:values AS bigint[])) ORDER BY 1, 2, 3
    ON CONFLICT (day, name, dimension) DO UPDATE SET value = daily_metrics.value + excluded.value
    """
)
# What was counted so far, and only that: the events that the consumer has noted as dealt with.
_RECOUNT = text(
    """
    WITH counted (type, name) AS (SELECT * FROM unnest(CAST(:types AS text[]), CAST(:names AS text[]))),
    logged AS (
      SELECT CAST(events.at AT TIME ZONE 'UTC' AS date) AS day, events.type
      FROM events JOIN event_effects ON event_id = events.id AND consumer = 'analytics'
    ),
    wanted AS (
      SELECT day, counted.name, '' AS dimension, count(*) AS value FROM logged JOIN counted USING (type) GROUP BY 1, 2
      UNION ALL SELECT day, 'events', type, count(*) FROM logged GROUP BY 1, 3
    )
    SELECT day, name, dimension, coalesce(kept.value, 0) AS kept, coalesce(wanted.value, 0) AS wanted
    FROM wanted FULL JOIN daily_metrics AS kept USING (day, name, dimension)
    """
)
_PUT = text(
    "INSERT INTO daily_metrics (day, name, dimension, value) VALUES (:day, :name, :dimension, :wanted) "
    "ON CONFLICT (day, name, dimension) DO UPDATE SET value = excluded.value"
)


@consumer(CONSUMER)
async def count(session: AsyncSession, events: Sequence[Logged]) -> None:
    """Add a batch to the numbers, in one statement."""
    await lock(session, CONSUMER)  # taken by `recount` too; workers would meet on the same rows anyway
    added: Counter[tuple[str, str, str]] = Counter()
    for event in events:
        day = event.at.astimezone(UTC).date().isoformat()
        added[day, EVENTS, event.type] += 1
        if event.type in COUNTED:
            added[day, COUNTED[event.type], ""] += 1
    days, names, dimensions = zip(*added, strict=True)
    values = {"days": days, "names": names, "dimensions": dimensions, "values": list(added.values())}
    await session.execute(_ADD, {name: list(column) for name, column in values.items()})
    await hand_over(session, "analytics", [event.for_services() for event in events])


async def recount(session: AsyncSession) -> tuple[int, list[str]]:
    """Compare every number with the log and mend those that differ; how many there are, and each difference."""
    await lock(session, CONSUMER)
    named = {"types": list(COUNTED), "names": list(COUNTED.values())}
    rows = (await session.execute(_RECOUNT, named)).all()
    wrong = [row for row in rows if row.kept != row.wanted]
    if wrong:
        await session.execute(_PUT, [dict(row._mapping) for row in wrong])
    return len(rows), [
        f"{row.day} {row.name} {row.dimension}".rstrip() + f": {row.kept} -> {row.wanted}" for row in wrong
    ]
