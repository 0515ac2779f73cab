"""How well software gets to its users: four measures over the deployments that the actor may see.

They are worked out from the rows each time; a copy is shared for two seconds.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.changes import ChangeCache
from tca_app.core.db import copied
from tca_app.features.deployments.schemas import MeasuresQuery, MeasuresRead
from tca_app.features.projects import policy
from tca_app.features.projects.queries import get_project

# A deployment is bad when it failed or was rolled back. An outage begins with the first bad one after a good one and
# ends with the next good one; what was bad before the period began is not known here, so it counts from there on.
_MEASURE = text(
    """
    WITH finished AS (
      SELECT deployments.id, environment_id, deployments.status, finished_at, commit_at,
        deployments.status = 'failed' OR EXISTS (
          SELECT FROM deployments AS undo WHERE undo.rollback_of_id = deployments.id AND undo.status = 'succeeded'
        ) AS is_bad
      FROM deployments
      JOIN environments ON environments.id = environment_id AND lower(environments.name) = lower(:environment)
      JOIN projects ON projects.id = deployments.project_id AND projects.deleted_at IS NULL
      WHERE deployments.status IN ('succeeded', 'failed') AND finished_at >= now() - make_interval(days => :days)
        AND (CAST(:project_id AS bigint) IS NULL OR deployments.project_id = :project_id)
        AND (:sees_all OR deployments.project_id IN (SELECT project_id FROM project_members WHERE user_id = :actor_id))
    ),
    runs AS (
      SELECT *, lag(is_bad) OVER by_time AS was_bad,
        min(finished_at) FILTER (WHERE NOT is_bad) OVER (
          by_time ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS restored_at
      FROM finished
      WINDOW by_time AS (PARTITION BY environment_id ORDER BY finished_at, id)
    ),
    outages AS (
      SELECT extract(epoch FROM restored_at - finished_at) AS seconds
      FROM runs WHERE is_bad AND was_bad IS NOT TRUE
    )
    SELECT count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
      count(*) AS finished,
      count(*) FILTER (WHERE is_bad) AS bad,
      count(*) FILTER (WHERE status = 'succeeded' AND commit_at IS NOT NULL) AS with_commit_time,
      percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - commit_at))
        FILTER (WHERE status = 'succeeded' AND commit_at IS NOT NULL) AS lead_time,
      (SELECT count(seconds) FROM outages) AS restored,
      (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FROM outages) AS time_to_restore
    FROM runs
    """
)
_copies: ChangeCache[MeasuresRead] = ChangeCache(500, drop_on_write=True)


async def delivery_measures(session: AsyncSession, actor: Actor, query: MeasuresQuery) -> MeasuresRead:
    """Over one project, or all that the actor may see. Raises NotFound for a project that is not theirs."""
    policy.require(actor, "deployments.list")
    if query.project_id is not None:
        await get_project(session, actor, query.project_id)
    key = f"{actor.user_id} {actor.is_superuser} {query.model_dump_json()}"
    return await copied(session, _copies, key, ("deployments", "projects"), lambda: _measure(session, actor, query))


async def _measure(session: AsyncSession, actor: Actor, query: MeasuresQuery) -> MeasuresRead:
    values = query.model_dump() | {"days": int(query.days)}
    row = (await session.execute(_MEASURE, values | {"actor_id": actor.user_id, "sees_all": actor.is_superuser})).one()
    return MeasuresRead(
        days=values["days"],
        environment=query.environment,
        project_id=query.project_id,
        succeeded=row.succeeded,
        finished=row.finished,
        deployments_per_day=row.succeeded / values["days"],
        lead_time_s=row.lead_time,
        with_commit_time=row.with_commit_time,
        change_failure_rate=row.bad / row.finished if row.finished else None,
        time_to_restore_s=row.time_to_restore,
        restored=row.restored,
    )
