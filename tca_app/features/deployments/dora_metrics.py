"""The four DORA metrics over the deployments that the actor may see.

They are sums of the daily aggregates (`aggregates/daily.py` defines bad deployments and outages): of the environments,
or of the totals over all projects. Results are cached for two seconds.
"""

from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.cache.local import LocalCache
from tca_app.core.database.session import cached_read
from tca_app.core.periods import DayRange, days_in
from tca_app.features.deployments.schemas import MeasuresQuery, MeasuresRead
from tca_app.features.projects import policy
from tca_app.features.projects.queries import get_project

FEW = 10_000  # number of deployments of which the exact median takes a few milliseconds
_IN_PERIOD = "day BETWEEN CAST(:since AS date) AND CAST(:until AS date)"
_SUMS = "sum(succeeded) AS succeeded, sum(succeeded) + sum(failed) - sum(unstarted) AS finished, sum(bad) AS bad"
_MEDIAN = "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY us) FROM"
_OF_PROJECTS = text(
    f"""
    WITH seen AS (
      SELECT * FROM daily_deployments
      WHERE tier = :tier AND {_IN_PERIOD} AND project_id = ANY(ARRAY(
        SELECT projects.id FROM projects JOIN project_members ON project_id = projects.id AND user_id = :actor_id
        WHERE deleted_at IS NULL AND CAST(:project_id AS bigint) IS NULL
        UNION ALL SELECT id FROM projects WHERE id = CAST(:project_id AS bigint) AND deleted_at IS NULL))
    )
    SELECT {_SUMS}, sum(cardinality(lead_us)) AS with_commit_time, sum(cardinality(restored_us)) AS restored,
      ({_MEDIAN} (SELECT unnest(lead_us) AS us FROM seen WHERE lead_us <> '{{}}') AS each) AS lead_us,
      ({_MEDIAN} (SELECT unnest(restored_us) AS us FROM seen WHERE restored_us <> '{{}}') AS each) AS restored_us
    FROM seen
    """  # noqa: S608  constant SQL
)
# The median of few is exact. The median of many is interpolated within its bucket, which is 2 % wide. The SQL function
# `duration_bucket` in the migrations is the counterpart.
_OF_ALL = text(
    f"""
    WITH total AS (
      SELECT {_SUMS} FROM daily_deployment_totals WHERE tier = :tier AND {_IN_PERIOD}
    ),
    buckets AS (
      SELECT kind, bucket, sum(count) AS count FROM daily_durations
      WHERE tier = :tier AND {_IN_PERIOD} GROUP BY 1, 2 HAVING sum(count) > 0
    ),
    placed AS (
      SELECT kind, bucket, count, sum(count) OVER (PARTITION BY kind ORDER BY bucket) AS upto,
        sum(count) OVER (PARTITION BY kind) AS of
      FROM buckets
    ),
    medians AS (
      SELECT kind, max(of) AS of,
        avg(power(1.02::float8, bucket + (place - 0.5 - (upto - count)) / count) - 1) * 1e6::float8 AS us
      FROM placed JOIN LATERAL (VALUES (div(of + 1, 2)), (div(of + 2, 2))) AS middle (place)
        ON place > upto - count AND place <= upto
      GROUP BY 1
    ),
    few AS (
      SELECT lead_us, restored_us FROM daily_deployments
      WHERE tier = :tier AND {_IN_PERIOD} AND counts
        AND (SELECT finished FROM total) <= CAST(:few AS int)
    )
    SELECT total.*, lead.of AS with_commit_time, restore.of AS restored,
      coalesce(({_MEDIAN} (SELECT unnest(lead_us) AS us FROM few WHERE lead_us <> '{{}}') AS each), lead.us)
        AS lead_us,
      coalesce(({_MEDIAN} (SELECT unnest(restored_us) AS us FROM few WHERE restored_us <> '{{}}') AS each), restore.us)
        AS restored_us
    FROM total LEFT JOIN medians AS lead ON lead.kind = 'lead' LEFT JOIN medians AS restore ON restore.kind = 'restore'
    """  # noqa: S608
)
_cache: LocalCache[MeasuresRead] = LocalCache(500, drop_on_write=True)


async def delivery_measures(
    session: AsyncSession, actor: Actor, query: MeasuresQuery, zoom: DayRange | None = None
) -> MeasuresRead:
    """Returns the metrics of one project, or of all that the actor may see, of the days of `zoom` if there are any.

    Raises NotFound.
    """
    policy.require(actor, "deployments.list")
    if query.project_id is not None:
        await get_project(session, actor, query.project_id)
    days = zoom or DayRange.last(days_in(query.days))
    key = f"{actor.user_id} {actor.is_superuser} {query.model_dump_json()} {days.since} {days.until}"
    return await cached_read(session, _cache, key, ("stats", "projects"), lambda: _measure(session, actor, query, days))


async def _measure(session: AsyncSession, actor: Actor, query: MeasuresQuery, days: DayRange) -> MeasuresRead:
    sees_all = actor.is_superuser and query.project_id is None
    period = {"since": days.since, "until": days.until}
    values = query.model_dump(exclude={"days"}) | period | {"actor_id": actor.user_id, "few": FEW}
    row = (await session.execute(_OF_ALL if sees_all else _OF_PROJECTS, values)).one()
    return MeasuresRead(
        days=len(days),
        tier=query.tier,
        project_id=query.project_id,
        succeeded=row.succeeded or 0,
        finished=row.finished or 0,
        deployments_per_day=float(row.succeeded or 0) / len(days),
        lead_time_s=_seconds(row.lead_us),
        with_commit_time=row.with_commit_time or 0,
        change_failure_rate=float(row.bad / row.finished) if row.finished else None,
        time_to_restore_s=_seconds(row.restored_us),
        restored=row.restored or 0,
    )


def _seconds(us: float | Decimal | None) -> float | None:
    return None if us is None else float(us) / 1e6
