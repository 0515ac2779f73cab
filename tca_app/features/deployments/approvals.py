"""Approvals and rollbacks, which maintainers decide."""

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.events.log import emit
from tca_app.core.language.messages import _
from tca_app.features.deployments import events
from tca_app.features.deployments.commits.service import commits_between
from tca_app.features.deployments.compare import compare_url
from tca_app.features.deployments.creation import (
    TargetProject,
    emit_created,
    emit_requested,
    find_environment,
    find_scope,
    insert_deployment,
    override_freeze,
)
from tca_app.features.deployments.errors import NoRollbackTarget, NoSuchEnvironment, illegal_step
from tca_app.features.deployments.policy import needs_approval
from tca_app.features.deployments.queries import (
    WHOLE,
    DeploymentRow,
    VisibleDeployment,
    deployment_read,
    find_visible,
    is_current,
    newest_finished,
    previous_success,
)
from tca_app.features.deployments.rollback_schemas import RollbackPlan
from tca_app.features.deployments.schemas import Approval, DeploymentRead, Refusal, Rollback, Source
from tca_app.features.deployments.service import find_deployment, take_step
from tca_app.features.projects.policy import may
from tca_app.models import Deployment

_deployments = Deployment.__table__.c


async def approve_deployment(session: AsyncSession, actor: Actor, deployment_id: int, data: Approval) -> DeploymentRead:
    """Approves a deployment. Raises IllegalStep when it does not await approval, Frozen."""
    row = await _find_waiting(session, actor, deployment_id)
    reason = await override_freeze(session, actor, row.project_id, row.environment_id, data.freeze_reason)
    await _note_decision(session, actor, row.id, freeze_reason=reason)
    await emit(session, actor, events.DeploymentApproved.of(row, asked_by_id=row.created_by_id))
    if reason:
        await emit(session, actor, events.FreezeOverridden.of(row, reason=reason))
    queued = await take_step(session, actor, row, "queued")
    await emit_requested(session, actor, queued)
    return deployment_read(queued)


async def refuse_deployment(session: AsyncSession, actor: Actor, deployment_id: int, data: Refusal) -> DeploymentRead:
    """Refuses a deployment and notifies the requester. Raises IllegalStep when it does not await approval."""
    row = await _find_waiting(session, actor, deployment_id)
    await _note_decision(session, actor, row.id)
    about = {"asked_by_id": row.created_by_id, "reason": data.reason}
    await emit(session, actor, events.DeploymentRefused.of(row, **about))
    return deployment_read(await take_step(session, actor, row, "cancelled", data.reason))


async def _find_waiting(session: AsyncSession, actor: Actor, deployment_id: int) -> VisibleDeployment:
    row = await find_deployment(session, actor, "deployments.decide", deployment_id)
    if row.status != "pending_approval":
        raise illegal_step(row, "decided")
    return row


async def _note_decision(session: AsyncSession, actor: Actor, deployment_id: int, **more: str) -> None:
    values = {"decided_by_id": actor.user_id, "decided_at": func.clock_timestamp(), **more}
    await session.execute(update(Deployment.__table__).where(_deployments.id == deployment_id).values(values))


async def roll_back(
    session: AsyncSession, actor: Actor, deployment_id: int, data: Rollback, source: Source = "api"
) -> DeploymentRead:
    """Creates a deployment of the previous version, or of the version of `to_id`. Raises NoRollbackTarget, Frozen."""
    row, scope, target = await _find_rollback(session, actor, deployment_id, data.to_id)
    place = await find_environment(session, scope, row.environment_name)
    if place.id != row.environment_id:
        raise NoSuchEnvironment(_("The environment of this deployment no longer exists."))
    made = await insert_deployment(
        session,
        asks=needs_approval(actor, scope.my_role, is_protected=place.is_protected),
        project_id=row.project_id,
        environment_id=row.environment_id,
        source=source,
        created_by_id=actor.user_id,
        rollback_of_id=row.id,
        description=data.description,
        freeze_reason=await override_freeze(session, actor, row.project_id, place.id, data.freeze_reason),
        **{name: target._mapping[name] for name in ("version", "commit_sha", "ref")},
    )
    undone = {"undone_id": row.id, "undone_version": row.version}
    await emit(session, actor, events.DeploymentRolledBack.of(made, **undone))
    await emit_created(session, actor, made)
    return deployment_read(made)


async def plan_rollback(session: AsyncSession, actor: Actor, deployment_id: int) -> RollbackPlan:
    """Returns what `roll_back` without `to_id` would do now. Raises IllegalStep, NoRollbackTarget."""
    row, scope, target = await _find_rollback(session, actor, deployment_id, None)
    newest = await newest_finished(session, row.environment_id)
    # After a later deployment failed, the successful one still runs, and may be rolled back.
    runs = row if row.status == "succeeded" else newest
    return RollbackPlan(
        from_version=newest.version,
        to=deployment_read(target),
        needs_approval=needs_approval(actor, scope.my_role, is_protected=row.is_protected),
        undone=await commits_between(session, row.project_id, target.commit_sha, runs.commit_sha),
        compare_url=compare_url(row.repository_url, runs.commit_sha, target.commit_sha),
    )


async def offered_rollback(session: AsyncSession, actor: Actor, deployment_id: int) -> DeploymentRead | None:
    """Returns what a rollback of this deployment would restore, or None where one makes no sense.

    It makes sense for the version that runs in its environment. After a failure the earlier one may still run there.
    """
    row = await find_visible(session, actor, deployment_id)
    if not may(actor, "deployments.write", row.my_role) or row.status != "succeeded":
        return None
    if not await is_current(session, row):
        return None
    target = await previous_success(session, row, other_version=True)
    return deployment_read(target) if target else None


async def _find_rollback(
    session: AsyncSession, actor: Actor, deployment_id: int, to_id: int | None
) -> tuple[VisibleDeployment, TargetProject, DeploymentRow]:
    """Returns the deployment, its project as in `find_scope`, and the deployment to restore."""
    row = await find_visible(session, actor, deployment_id)
    scope = await find_scope(session, actor, row.project_id)
    if row.status not in ("succeeded", "failed"):
        raise illegal_step(row, "rolled_back")
    return row, scope, await _target(session, row, to_id)


async def _target(session: AsyncSession, row: DeploymentRow, to_id: int | None) -> DeploymentRow:
    """Returns the deployment to restore in place of `row`."""
    if to_id is None:
        found = await previous_success(session, row, other_version=row.status == "succeeded")
    else:
        there = WHOLE.where(
            _deployments.id == to_id,
            _deployments.environment_id == row.environment_id,
            _deployments.status == "succeeded",
        )
        found = (await session.execute(there)).first()
    if found is None:
        raise NoRollbackTarget
    return found
