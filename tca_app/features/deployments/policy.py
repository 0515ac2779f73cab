"""Permissions on deployments that depend on the environment. `projects.policy` has the roles."""

from datetime import datetime
from typing import Protocol

from tca_app.core.actor import Actor
from tca_app.features.projects import policy

# The next states that a report may set. Only an approval, never a report, queues what awaits approval.
STEPS = {
    "pending_approval": frozenset({"cancelled"}),
    "queued": frozenset({"in_progress", "cancelled"}),
    "in_progress": frozenset({"succeeded", "failed", "cancelled"}),
}
FINISHED = frozenset({"succeeded", "failed", "cancelled"})


class DeploymentState(Protocol):
    """What the rules read of a deployment: of a row or its schema."""

    @property
    def status(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def queued_at(self) -> datetime | None: ...
    @property
    def decided_at(self) -> datetime | None: ...
    @property
    def timed_out_at(self) -> datetime | None: ...


def next_states(deployment: DeploymentState) -> frozenset[str]:
    """Returns the states that a report may set.

    After a timeout the source may still report, because it knows better than the console.
    """
    if deployment.timed_out_at is not None:
        return FINISHED | {"in_progress"}
    return STEPS.get(deployment.status, frozenset())


def may_cancel(actor: Actor, deployment: DeploymentState, role: str | None) -> bool:
    """Returns whether the actor may cancel the deployment now."""
    return "cancelled" in next_states(deployment) and policy.may(actor, "deployments.write", role)


def may_decide(actor: Actor, deployment: DeploymentState, role: str | None) -> bool:
    """Returns whether the actor may approve or refuse the deployment now."""
    return deployment.status == "pending_approval" and policy.may(actor, "deployments.decide", role)


def was_refused(deployment: DeploymentState) -> bool:
    """Returns whether a maintainer refused it."""
    return deployment.status == "cancelled" and deployment.decided_at is not None and deployment.queued_at is None


def needs_approval(actor: Actor, role: str | None, *, is_protected: bool) -> bool:
    """Returns whether a deployment by this user needs approval, also one that has ended: an import passes none."""
    return is_protected and not policy.may(actor, "deployments.decide", role)


def may_override_freeze(actor: Actor) -> bool:
    """Returns whether the actor may override a freeze, which superusers may, with a reason."""
    return actor.is_superuser
