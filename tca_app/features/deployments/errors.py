"""The errors of deployments. All but ApprovalRequired are 409; clients tell them apart by `code`.

A caller that waits to start should retry on AwaitingApproval and EnvironmentBusy only.
"""

from tca_app.core.errors import Conflict, Forbidden
from tca_app.core.language.messages import N_
from tca_app.features.deployments.policy import DeploymentState, was_refused


class IllegalStep(Conflict):
    """The current state does not allow this step."""

    code = "illegal_step"


class AwaitingApproval(IllegalStep):
    """A maintainer must approve the deployment first."""

    code = "awaiting_approval"


class ApprovalRequired(Forbidden):
    """What a deployer may only request was reported as started or finished."""

    code = "approval_required"
    default = N_(
        "Deployments to this environment need an approval first. Report it as queued, or ask a maintainer to record it."
    )


class ApprovalRefused(IllegalStep):
    code = "approval_refused"


class DeploymentCancelled(IllegalStep):
    code = "deployment_cancelled"


class AlreadyInProgress(IllegalStep):
    code = "already_in_progress"


class DeploymentFinished(IllegalStep):
    """The deployment has succeeded or failed."""

    code = "deployment_finished"


def illegal_step(row: DeploymentState, asked: str) -> IllegalStep:
    """Returns the error for the state of `row`. `asked` is the step that is not possible."""
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
    return DeploymentFinished(f"This deployment has already {row.status}: it cannot {asked}.")


class EnvironmentBusy(Conflict):
    code = "environment_busy"
    default = N_("Another deployment to this environment is in progress.")


class Frozen(Conflict):
    code = "environment_frozen"


class NoSuchEnvironment(Conflict):
    code = "no_such_environment"
    default = N_("The project has no environment with this name.")


class ProjectArchived(Conflict):
    code = "project_archived"
    default = N_("This project is archived. Activate it before deploying.")


class ExternalIdTaken(Conflict):
    code = "external_id_taken"
    default = N_("Another version or environment was reported under this external_id.")


class NoRollbackTarget(Conflict):
    code = "nothing_to_go_back_to"
    default = N_("There is no earlier deployment to this environment.")


class AnotherRepository(Conflict):
    code = "another_repository"
    keeps_changes = True  # the refused repository is stored, so that a maintainer can accept it


class LogGap(Conflict):
    code = "log_gap"


class LogClosed(Conflict):
    code = "log_closed"


class LogFull(Conflict):
    code = "log_full"
