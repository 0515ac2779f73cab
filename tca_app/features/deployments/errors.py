"""The refusals that have a name of their own. All are 409; `code` says what is in the way, for programs.

A caller that waits to start goes on waiting for AwaitingApproval and EnvironmentBusy, and for nothing else.
"""

from typing import Any

from tca_app.core.errors import Conflict
from tca_app.features.deployments.policy import was_refused


class IllegalStep(Conflict):
    """From the state that it is in, there is no such step."""

    code = "illegal_step"


class AwaitingApproval(IllegalStep):
    """A maintainer has to approve it first."""

    code = "awaiting_approval"


class ApprovalRefused(IllegalStep):
    code = "approval_refused"


class DeploymentCancelled(IllegalStep):
    code = "deployment_cancelled"


class AlreadyInProgress(IllegalStep):
    code = "already_in_progress"


class DeploymentFinished(IllegalStep):
    """It succeeded or failed."""

    code = "deployment_finished"


def illegal_step(row: Any, asked: str) -> IllegalStep:
    """The refusal that the state of `row` stands for; `asked` is what cannot be done to it."""
    if row.status == "pending_approval":
        return AwaitingApproval(f"This deployment is awaiting approval: it cannot {asked}.")
    if row.status == "cancelled":
        because = f": {row.reason}" if row.reason else "."
        if was_refused(row):
            return ApprovalRefused(f"This deployment was refused{because}")
        return DeploymentCancelled(f"This deployment was cancelled{because}")
    if row.status == "in_progress":
        return AlreadyInProgress(f"This deployment is in progress: it cannot {asked}.")
    if row.status == "queued":
        return IllegalStep(f"This deployment is queued: it cannot {asked}.")
    return DeploymentFinished(f"This deployment {row.status} already: it cannot {asked}.")


class EnvironmentBusy(Conflict):
    code = "environment_busy"
    default = "Another deployment to this environment is in progress."


class Frozen(Conflict):
    code = "environment_frozen"


class NoSuchEnvironment(Conflict):
    code = "no_such_environment"
    default = "The project has no environment with this name."


class ProjectArchived(Conflict):
    code = "project_archived"
    default = "This project is archived. Activate it before deploying."


class ExternalIdTaken(Conflict):
    code = "external_id_taken"
    default = "Another version or environment was reported under this external_id."


class NothingToGoBackTo(Conflict):
    code = "nothing_to_go_back_to"
    default = "There is no earlier deployment to this environment."


class AnotherRepository(Conflict):
    code = "another_repository"
    keeps_changes = True  # which repository it was, so that a person can accept it


class LogGap(Conflict):
    code = "log_gap"


class LogClosed(Conflict):
    code = "log_closed"


class LogFull(Conflict):
    code = "log_full"
