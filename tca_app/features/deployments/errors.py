"""The errors of deployments. All but ApprovalRequired are 409; clients tell them apart by `code`.

A caller that waits to start should retry on AwaitingApproval and EnvironmentBusy only.
"""

from tca_app.core.errors import Conflict, Forbidden
from tca_app.core.language.messages import N_, _
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


_STEPS = {
    "queued": N_("be queued"),
    "in_progress": N_("start"),
    "succeeded": N_("succeed"),
    "failed": N_("fail"),
    "cancelled": N_("be cancelled"),
    "decided": N_("be approved or refused"),
    "rolled_back": N_("be rolled back"),
}
_STATES: dict[str, tuple[type[IllegalStep], str]] = {
    "pending_approval": (AwaitingApproval, N_("This deployment is awaiting approval: it cannot {step}.")),
    "in_progress": (AlreadyInProgress, N_("This deployment is in progress: it cannot {step}.")),
    "queued": (IllegalStep, N_("This deployment is queued: it cannot {step}.")),
    "succeeded": (DeploymentFinished, N_("This deployment has already succeeded: it cannot {step}.")),
    "failed": (DeploymentFinished, N_("This deployment has already failed: it cannot {step}.")),
}


def illegal_step(row: DeploymentState, step: str) -> IllegalStep:
    """Returns the error for the state of `row`. `step` is what is not possible: a state, a decision or a rollback."""
    if row.status == "cancelled":
        refused = was_refused(row)
        words = N_("This deployment was refused") if refused else N_("This deployment was cancelled")
        kind = ApprovalRefused if refused else DeploymentCancelled
        return kind(f"{_(words)}: {row.reason}" if row.reason else f"{_(words)}.")
    error, sentence = _STATES[row.status]
    return error(_(sentence, step=_(_STEPS[step])))


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
