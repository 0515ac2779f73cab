"""Compares the aggregates with the deployments and repairs the differences."""

from typing import NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.features.deployments.aggregates.daily import COLUMNS, DAYS, PUT

MAX_REPORTED = 1_000


class RepairReport(NamedTuple):
    """How many figures were compared, the first differences in words, and their number. All are repaired."""

    compared: int
    differences: list[str]
    mended: int


_FIGURES = COLUMNS.split(", ")[2:]
# Projects with events that wait to be aggregated are not compared. There may be millions after a bulk load, so they
# stay in the database.
_FIND_WRONG_DAYS = text(
    f"""
    CREATE TEMPORARY TABLE wrong_days ON COMMIT DROP AS
    WITH waiting AS (
      SELECT project_id FROM procrastinate_jobs JOIN events ON events.id = CAST(args ->> 'event_id' AS bigint)
      WHERE task_name = 'consume_analytics' AND status IN ('todo', 'doing') AND project_id IS NOT NULL
    ),
    touched AS (
      SELECT id AS environment_id, CAST('-infinity' AS date) AS since FROM environments
      WHERE project_id NOT IN (SELECT project_id FROM waiting)
    ), {DAYS}
    SELECT environment_id, day,
      day || ' deployments of environment ' || environment_id || ': '
        || concat_ws(' ', kept.tier, kept.succeeded, kept.failed, kept.cancelled, kept.bad, kept.unstarted) || ' -> '
        || concat_ws(' ', days.tier, days.succeeded, days.failed, days.cancelled, days.bad, days.unstarted) AS said
    FROM days FULL JOIN (
      SELECT * FROM daily_deployments WHERE project_id NOT IN (SELECT project_id FROM waiting)
    ) AS kept USING (environment_id, day)
    WHERE ({", ".join(f"days.{name}" for name in _FIGURES)})
      IS DISTINCT FROM ({", ".join(f"kept.{name}" for name in _FIGURES)})
    """  # noqa: S608  constant SQL
)
_LIST_WRONG_DAYS = text(
    "SELECT said, count(*) OVER () AS many FROM wrong_days ORDER BY environment_id, day LIMIT :most"
)
_DELETE_DAYS = text(
    "DELETE FROM daily_deployments AS kept USING wrong_days AS wrong "
    "WHERE kept.environment_id = wrong.environment_id AND kept.day = wrong.day"
)
_INSERT_DAYS = text(
    f"WITH touched AS (SELECT environment_id, min(day) AS since FROM wrong_days GROUP BY 1), {DAYS} {PUT}"  # noqa: S608
)


def _sums(table: str, keys: str, values: str, wanted: str) -> TextClause:
    """Returns a statement that finds and repairs the rows of a table of sums that differ from `wanted`."""
    names = values.split(", ")
    now = ", ".join(f"coalesce(wanted.{name}, 0)" for name in names)
    before = ", ".join(f"coalesce(kept.{name}, 0)" for name in names)
    return text(
        f"""
        WITH wanted AS ({wanted}), wrong AS (
          SELECT {keys}, {", ".join(f"coalesce(wanted.{name}, 0) AS {name}" for name in names)},
            concat_ws(' ', {keys}) || ': ' || concat_ws(' ', {before}) || ' -> ' || concat_ws(' ', {now}) AS said
          FROM wanted FULL JOIN {table} AS kept USING ({keys}) WHERE ROW({now}) <> ROW({before})
        ), put AS (
          INSERT INTO {table} ({keys}, {values}) SELECT {keys}, {values} FROM wrong
          ON CONFLICT ({keys}) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in names)}
        )
        SELECT said, count(*) OVER () AS many FROM wrong ORDER BY {keys} LIMIT :most
        """  # noqa: S608
    )


_SUMS = {
    "daily_deployment_totals": _sums(
        "daily_deployment_totals",
        "day, tier",
        "succeeded, failed, cancelled, bad, unstarted",
        "SELECT day, tier, sum(succeeded) AS succeeded, sum(failed) AS failed, sum(cancelled) AS cancelled, "
        "sum(bad) AS bad, sum(unstarted) AS unstarted FROM daily_deployments WHERE counts GROUP BY 1, 2",
    ),
    "daily_durations": _sums(
        "daily_durations",
        "tier, kind, day, bucket",
        "count",
        "SELECT tier, took.kind, day, duration_bucket(us) AS bucket, count(*) AS count "
        "FROM daily_deployments, LATERAL (SELECT 'lead' AS kind, unnest(lead_us) AS us "
        "UNION ALL SELECT 'restore', unnest(restored_us)) AS took WHERE counts GROUP BY 1, 2, 3, 4",
    ),
    "deployments_since": _sums(
        "deployments_since",
        "since, project_id",
        "deployments, failed",
        "SELECT since, project_id, sum(succeeded + failed + cancelled) AS deployments, sum(failed) AS failed "
        "FROM rolled_since JOIN daily_deployments ON day >= since WHERE counts GROUP BY 1, 2",
    ),
}
_COUNT = text("SELECT count(*) FROM daily_deployments")


async def repair_aggregates(session: AsyncSession) -> RepairReport:
    """Repairs all aggregates that differ. The caller holds the lock of the aggregates."""
    await session.execute(_FIND_WRONG_DAYS)
    said, many = await _describe(session, _LIST_WRONG_DAYS)
    if many:
        await session.execute(_DELETE_DAYS)
        await session.execute(_INSERT_DAYS)
    for table, compare in _SUMS.items():
        lines, more = await _describe(session, compare)
        said, many = said + [f"{table} {line}" for line in lines], many + more
    return RepairReport(int((await session.execute(_COUNT)).scalar_one()), said[:MAX_REPORTED], many)


async def _describe(session: AsyncSession, statement: TextClause) -> tuple[list[str], int]:
    """Returns the first differences in words, and their number."""
    rows = (await session.execute(statement, {"most": MAX_REPORTED})).all()
    return [row.said for row in rows], rows[0].many if rows else 0
