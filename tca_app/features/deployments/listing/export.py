"""The list of deployments for a file: first the ids in order, then the deployments of a batch."""

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.csv_lines import MAX_ROWS
from tca_app.features.deployments.listing.queries import conditions, ordered_ids, require_visible
from tca_app.features.deployments.listing.schemas import DeploymentExport
from tca_app.features.deployments.queries import WHOLE, deployment_read
from tca_app.features.deployments.schemas import DeploymentRead
from tca_app.models import Deployment, ProjectMember

COLUMNS = (
    "id",
    "project.id",
    "project.name",
    "project.slug",
    "environment.name",
    "version",
    "status",
    "source",
    "ref",
    "commit_sha",
    "commit_at",
    "description",
    "reason",
    "ci_url",
    "external_id",
    "rollback_of_id",
    "created_by.id",
    "created_by.username",
    "created_by.full_name",
    "reporter",
    "decided_by.username",
    "decided_at",
    "freeze_reason",
    "created_at",
    "queued_at",
    "started_at",
    "finished_at",
)
_deployments, _members = Deployment.__table__.c, ProjectMember.__table__.c
# Looked up for each row. With a join, a planner without statistics starts with all projects of the member.
_MY_ROLE = (
    select(_members.role)
    .where(_members.project_id == _deployments.project_id, _members.user_id == bindparam("actor_id"))
    .correlate(Deployment.__table__)
    .scalar_subquery()
)


async def find_deployment_ids(session: AsyncSession, actor: Actor, query: DeploymentExport) -> list[int]:
    """Returns the ids of the list, at most 50,000."""
    await require_visible(session, actor, query)
    wanted = await conditions(session, actor, query)
    ids = ordered_ids(actor, wanted, query, MAX_ROWS).limit(MAX_ROWS)
    return list((await session.execute(ids, {"actor_id": actor.user_id})).scalars())


async def read_deployments(
    session: AsyncSession, actor: Actor, query: DeploymentExport, ids: list[int]
) -> list[DeploymentRead]:
    """Returns those of the ids that are still in the list."""
    await require_visible(session, actor, query)
    wanted = [*await conditions(session, actor, query), _deployments.id.in_(ids)]
    if query.project_id:
        wanted.append(_deployments.project_id.in_(query.project_id))
    if not actor.is_superuser:
        wanted.append(_MY_ROLE.is_not(None))
    page = select(_deployments.id).where(*wanted).subquery("page")
    rows = await session.execute(WHOLE.join(page, page.c.id == _deployments.id), {"actor_id": actor.user_id})
    return [deployment_read(row) for row in rows]
