"""Who may deploy what where. Roles stand in `projects.policy`; here is what the environment adds to them."""

from typing import Any

from tca_app.core.actor import Actor
from tca_app.features.projects import policy

# From which state a report leads to which. What awaits approval is queued by whoever decides, never by a report.
STEPS = {
    "pending_approval": frozenset({"cancelled"}),
    "queued": frozenset({"in_progress", "cancelled"}),
    "in_progress": frozenset({"succeeded", "failed", "cancelled"}),
}
FINISHED = frozenset({"succeeded", "failed", "cancelled"})


def next_states(deployment: Any) -> frozenset[str]:
    """The states that a report may lead to, for a row or what is read of one.

    The source knows better than the console, which only gave it up: after a time-out its word still holds.
    """
    if deployment.timed_out_at is not None:
        return FINISHED | {"in_progress"}
    return STEPS.get(deployment.status, frozenset())


def was_refused(deployment: Any) -> bool:
    """Whether it ended because a maintainer did not approve it. Of a row, or of what is read of one."""
    return deployment.status == "cancelled" and deployment.decided_at is not None and deployment.queued_at is None


def needs_approval(actor: Actor, role: str | None, *, is_protected: bool) -> bool:
    """Whether this person's deployment waits until somebody approves it."""
    return is_protected and not policy.may(actor, "deployments.decide", role)


def may_override_freeze(actor: Actor) -> bool:
    """A freeze holds for everybody but superusers, and they say why it does not."""
    return actor.is_superuser
