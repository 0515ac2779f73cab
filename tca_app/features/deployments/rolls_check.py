"""Compares what is rolled up from the deployments with their rows, and mends what differs."""

from typing import Any

from sqlalchemy import ARRAY, BigInteger, Date, TextClause, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.features.deployments.rolls import COLUMNS, DAYS, PUT

_FIGURES = COLUMNS.split(", ")[2:]
# What waits to be rolled up is no difference: the projects of the events that the consumer still has before it.
_WRONG_DAYS = text(
    f"""
    WITH waiting AS (
      SELECT project_id FROM procrastinate_jobs JOIN events ON events.id = CAST(args ->> 'event_id' AS bigint)
      WHERE task_name = 'consume_analytics' AND status IN ('todo', 'doing') AND project_id IS NOT NULL
    ),
    touched AS (
      SELECT id AS environment_id, CAST('-infinity' AS date) AS since FROM environments
      WHERE project_id NOT IN (SELECT project_id FROM waiting)
    ), {DAYS}
    SELECT environment_id, day,
      concat_ws(' ', kept.succeeded, kept.failed, kept.cancelled, kept.bad) AS kept_says,
      concat_ws(' ', days.succeeded, days.failed, days.cancelled, days.bad) AS rows_say
    FROM days FULL JOIN (
      SELECT * FROM daily_deployments WHERE project_id NOT IN (SELECT project_id FROM waiting)
    ) AS kept USING (environment_id, day)
    WHERE ({", ".join(f"days.{name}" for name in _FIGURES)})
      IS DISTINCT FROM ({", ".join(f"kept.{name}" for name in _FIGURES)})
    ORDER BY 1, 2
    """  # noqa: S608  texts of ours
)
_GIVEN = "SELECT * FROM unnest(:places, :days) AS given (environment_id, day)"
_ARRAYS = (bindparam("places", type_=ARRAY(BigInteger)), bindparam("days", type_=ARRAY(Date)))
_DROP_DAYS = text(f"DELETE FROM daily_deployments WHERE (environment_id, day) IN ({_GIVEN})").bindparams(*_ARRAYS)  # noqa: S608
_MAKE_DAYS = text(
    f"WITH touched AS (SELECT environment_id, min(day) AS since FROM ({_GIVEN}) AS wrong GROUP BY 1), {DAYS} {PUT}"  # noqa: S608
).bindparams(*_ARRAYS)


def _sums(table: str, keys: str, values: str, wanted: str) -> TextClause:
    """Finds the rows of a table of sums that are not what `wanted` says, and puts them right."""
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
        SELECT said FROM wrong ORDER BY {keys}
        """  # noqa: S608
    )


_SUMS = {
    "daily_deployment_totals": _sums(
        "daily_deployment_totals",
        "day, environment",
        "succeeded, failed, cancelled, bad",
        "SELECT day, environment, sum(succeeded) AS succeeded, sum(failed) AS failed, sum(cancelled) AS cancelled, "
        "sum(bad) AS bad FROM daily_deployments WHERE counts GROUP BY 1, 2",
    ),
    "daily_durations": _sums(
        "daily_durations",
        "environment, kind, day, bucket",
        "count",
        "SELECT environment, took.kind, day, duration_bucket(us) AS bucket, count(*) AS count "
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


async def mend_rolls(session: AsyncSession) -> tuple[int, list[str]]:
    """How many rolled rows there are, and each difference. The caller holds the lock of the numbers."""
    wrong: list[Any] = list((await session.execute(_WRONG_DAYS)).all())
    if wrong:
        given = {"places": [row.environment_id for row in wrong], "days": [row.day for row in wrong]}
        await session.execute(_DROP_DAYS, given)
        await session.execute(_MAKE_DAYS, given)
    found = [
        f"{row.day} deployments of environment {row.environment_id}: {row.kept_says} -> {row.rows_say}" for row in wrong
    ]
    for table, compare in _SUMS.items():
        found += [f"{table} {said}" for said in (await session.execute(compare)).scalars()]
    return int((await session.execute(_COUNT)).scalar_one()), found
