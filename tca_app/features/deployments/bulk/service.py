"""One action on many deployments in one transaction, each under the rules of the single action."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.lists.bulk import BulkResult, for_each
from tca_app.features.deployments.approvals import approve_deployment, refuse_deployment
from tca_app.features.deployments.policy import may_cancel, may_decide, next_states
from tca_app.features.deployments.schemas import Approval, DeploymentRead, DeploymentStep, Refusal
from tca_app.features.deployments.service import step_deployment
from tca_app.features.projects.queries import my_roles


class Rights(NamedTuple):
    """Which of the actions the actor may do on a deployment now."""

    can_cancel: bool = False
    can_decide: bool = False


NO_RIGHTS = Rights()


async def rights_on(session: AsyncSession, actor: Actor, deployments: Sequence[DeploymentRead]) -> dict[int, Rights]:
    """Returns the rights on each of the deployments, by id."""
    open_in = {row.project.id for row in deployments if next_states(row)}
    roles = await my_roles(session, actor, open_in) if open_in else {}
    return {
        row.id: Rights(
            may_cancel(actor, row, roles.get(row.project.id)), may_decide(actor, row, roles.get(row.project.id))
        )
        for row in deployments
    }


async def cancel_deployments(
    session: AsyncSession, actor: Actor, deployment_ids: list[int], reason: str = ""
) -> list[BulkResult]:
    """Cancels those that have not ended."""
    step = DeploymentStep(status="cancelled", reason=reason)
    return await for_each(session, deployment_ids, lambda row_id: step_deployment(session, actor, row_id, step))


async def approve_deployments(
    session: AsyncSession, actor: Actor, deployment_ids: list[int], data: Approval
) -> list[BulkResult]:
    """Approves those that await it. The reason of `data` overrides the freeze of each."""
    return await for_each(session, deployment_ids, lambda row_id: approve_deployment(session, actor, row_id, data))


async def refuse_deployments(
    session: AsyncSession, actor: Actor, deployment_ids: list[int], data: Refusal
) -> list[BulkResult]:
    """Refuses those that await approval, and notifies each requester with the reason."""
    return await for_each(session, deployment_ids, lambda row_id: refuse_deployment(session, actor, row_id, data))
