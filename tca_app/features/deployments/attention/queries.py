"""Deployments that need attention: failed without a success since, awaiting the actor's approval, or overdue.

A failure counts for a week. After that its environment runs something else undisturbed, so it counts for the rest of a
month only where nothing else runs: no success of another version came before it.
"""

from typing import Literal

from sqlalchemy import BigInteger, Integer, Subquery, Text, column, text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.schema import ReadModel
from tca_app.features.deployments.queries import WHOLE, deployment_read
from tca_app.features.deployments.schemas import DeploymentRead
from tca_app.features.projects import policy
from tca_app.features.projects.queries import get_project
from tca_app.models import Deployment

Kind = Literal["failed", "approval", "overdue"]
DECIDERS = [role for role, rank in policy.RANK.items() if rank >= policy.RANK[policy.RULES["deployments.decide"]]]
FAILED_DAYS, RUNNING_DAYS, FAILED_READ = 7, 30, 200
OVERDUE_FACTOR, OVERDUE_AFTER_MIN = 2, 5

_LIVE = """projects WHERE deleted_at IS NULL AND status <> 'archived'
        AND (CAST(:project_id AS bigint) IS NULL OR id = :project_id)"""
# The projects of an administrator are all, so their memberships are not looked up.
_SEEN_BY_ALL = f"SELECT id, true AS may_decide FROM {_LIVE}"  # noqa: S608  constant SQL
_SEEN_BY_MEMBER = f"""
    SELECT project_id AS id, role = ANY(:deciders) AS may_decide FROM project_members
    WHERE user_id = :actor_id AND project_id IN (SELECT id FROM {_LIVE})
"""  # noqa: S608
_ROW = (
    "deployments.id, deployments.environment_id, deployments.project_id, deployments.finished_at, deployments.version"
)
_RECENT = f"deployments.finished_at > now() - interval '{RUNNING_DAYS} days'"
# Of all projects the newest failures are read by their index; of a few projects those of each.
_FAILED_OF_ALL = f"""
    SELECT * FROM (SELECT {_ROW} FROM deployments WHERE status = 'failed' ORDER BY id DESC LIMIT {FAILED_READ})
      AS deployments WHERE {_RECENT} AND project_id IN (SELECT id FROM seen)
"""  # noqa: S608
_FAILED_OF_SEEN = f"""
    SELECT newest.* FROM seen, LATERAL (
      SELECT {_ROW} FROM deployments WHERE project_id = seen.id AND status = 'failed' AND {_RECENT}
      ORDER BY finished_at DESC LIMIT {FAILED_READ}) AS newest
"""  # noqa: S608
_ATTENTION = """
    WITH seen AS ({seen}), failed AS ({failed}),
    unresolved AS (
      SELECT DISTINCT ON (environment_id) failed.* FROM failed
      JOIN environments ON environments.id = environment_id AND environments.deleted_at IS NULL
      WHERE NOT EXISTS (
        SELECT FROM deployments AS later
        WHERE later.environment_id = failed.environment_id AND later.status = 'succeeded'
          AND later.finished_at >= failed.finished_at)
      ORDER BY environment_id, failed.finished_at DESC, failed.id DESC
    ),
    found AS (
      SELECT id, 'failed' AS kind FROM unresolved
      WHERE finished_at > now() - make_interval(days => {failed_days}) OR version = coalesce((
        SELECT version FROM deployments AS current
        WHERE current.environment_id = unresolved.environment_id AND current.status = 'succeeded'
        ORDER BY finished_at DESC, id DESC LIMIT 1), version)
      UNION ALL
      SELECT deployments.id, 'approval' FROM deployments JOIN seen ON seen.id = project_id AND may_decide
      WHERE status = 'pending_approval'
      UNION ALL
      SELECT deployments.id, 'overdue' FROM deployments JOIN seen ON seen.id = project_id
      WHERE status = 'in_progress' AND finished_at IS NULL
        AND now() - started_at > greatest(make_interval(mins => {overdue_min}), {overdue_factor} * (
          SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY good.finished_at - good.started_at) FROM (
            SELECT finished_at, started_at FROM deployments AS good
            WHERE good.environment_id = deployments.environment_id AND good.status = 'succeeded'
            ORDER BY finished_at DESC LIMIT 5) AS good))
    )
    SELECT id, kind, CAST(count(*) OVER (PARTITION BY kind) AS int) AS total,
      CAST(row_number() OVER (PARTITION BY kind ORDER BY id DESC) AS int) AS rank FROM found
"""


def _statement(seen: str, failed: str) -> Subquery:
    numbers = {"failed_days": FAILED_DAYS, "overdue_min": OVERDUE_AFTER_MIN, "overdue_factor": OVERDUE_FACTOR}
    statement = text(_ATTENTION.format(seen=seen, failed=failed, **numbers))
    names = column("id", BigInteger), column("kind", Text), column("total", Integer), column("rank", Integer)
    return statement.columns(*names).subquery("attention")


_OF_ALL = _statement(_SEEN_BY_ALL, _FAILED_OF_ALL)
_OF_ONE = _statement(_SEEN_BY_ALL, _FAILED_OF_SEEN)
_OF_MEMBER = _statement(_SEEN_BY_MEMBER, _FAILED_OF_SEEN)


class DeploymentAttention(ReadModel):
    """A deployment that needs attention. `total`: how many there are of its kind."""

    kind: Kind
    total: int
    deployment: DeploymentRead


async def read_attention(
    session: AsyncSession, actor: Actor, most: int, project_id: int | None = None
) -> list[DeploymentAttention]:
    """Returns at most `most` deployments of each kind, newest first, of one project or of all. Raises NotFound."""
    policy.require(actor, "deployments.list")
    if project_id is not None:
        await get_project(session, actor, project_id)
    found = _OF_MEMBER if not actor.is_superuser else _OF_ALL if project_id is None else _OF_ONE
    rows = (
        WHOLE.add_columns(found.c.kind, found.c.total)
        .join(found, found.c.id == Deployment.__table__.c.id)
        .where(found.c.rank <= most)
        .order_by(Deployment.__table__.c.id.desc())
    )
    values: dict[str, object] = {"project_id": project_id}
    if not actor.is_superuser:
        values |= {"actor_id": actor.user_id, "deciders": DECIDERS}
    return [
        DeploymentAttention(kind=row.kind, total=row.total, deployment=deployment_read(row))
        for row in await session.execute(rows, values)
    ]
