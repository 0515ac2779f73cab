"""The history of one project from the daily aggregates: results by day, and the DORA metrics by week."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.periods import DayRange
from tca_app.features.projects.queries import get_project

WEEKS = 12
_TODAY = "CAST(now() AT TIME ZONE 'UTC' AS date)"
_DAYS = text(
    """
    SELECT CAST(days.day AS date) AS day, CAST(coalesce(sum(succeeded), 0) AS int) AS succeeded,
      CAST(coalesce(sum(failed), 0) AS int) AS failed, CAST(coalesce(sum(cancelled), 0) AS int) AS cancelled
    FROM generate_series(CAST(:since AS date), CAST(:until AS date), interval '1 day') AS days (day)
    LEFT JOIN daily_deployments ON daily_deployments.day = CAST(days.day AS date) AND project_id = :project_id
    GROUP BY 1 ORDER BY 1
    """
)
_MEDIAN = "SELECT ago, percentile_cont(0.5) WITHIN GROUP (ORDER BY us) / 1e6 AS s FROM seen, unnest"
_WEEKS = text(
    f"""
    WITH seen AS (
      SELECT ({_TODAY} - day) / 7 AS ago, succeeded, succeeded + failed - unstarted AS finished, bad, lead_us,
        restored_us
      FROM daily_deployments
      WHERE project_id = :project_id AND tier = 'production' AND day > {_TODAY} - 7 * {WEEKS}
    ),
    sums AS (SELECT ago, sum(succeeded) AS succeeded, sum(finished) AS finished, sum(bad) AS bad FROM seen GROUP BY 1),
    lead AS ({_MEDIAN} (lead_us) AS us GROUP BY 1),
    restore AS ({_MEDIAN} (restored_us) AS us GROUP BY 1)
    SELECT CAST(coalesce(succeeded, 0) AS int) AS succeeded, CAST(bad AS float8) / nullif(finished, 0) AS failure_rate,
      lead.s AS lead_time_s, restore.s AS time_to_restore_s
    FROM generate_series(0, {WEEKS} - 1) AS weeks (ago)
    LEFT JOIN sums USING (ago) LEFT JOIN lead USING (ago) LEFT JOIN restore USING (ago)
    ORDER BY weeks.ago DESC
    """  # noqa: S608
)


class DayOfProject(NamedTuple):
    """Deployments that ended on a day (UTC), by result."""

    day: date
    succeeded: int
    failed: int
    cancelled: int


class WeekOfProject(NamedTuple):
    """The DORA metrics of production over seven days; None where there is nothing to measure."""

    succeeded: int
    failure_rate: float | None
    lead_time_s: float | None
    time_to_restore_s: float | None


async def results_by_day(session: AsyncSession, actor: Actor, project_id: int, days: DayRange) -> list[DayOfProject]:
    """Returns each of the days, oldest first. Raises NotFound."""
    await get_project(session, actor, project_id)
    rows = await session.execute(_DAYS, {"project_id": project_id, "since": days.since, "until": days.until})
    return [DayOfProject(*row) for row in rows]


async def measures_by_week(session: AsyncSession, actor: Actor, project_id: int) -> list[WeekOfProject]:
    """Returns the last 12 weeks, of which the last one ends today, oldest first. Raises NotFound."""
    await get_project(session, actor, project_id)
    return [WeekOfProject(*row) for row in await session.execute(_WEEKS, {"project_id": project_id})]
