"""Events of deployments: one for each state, and one for each decision of a person."""

from typing import Protocol, Self

from tca_app.core.events.log import NOTIFYING, Event
from tca_app.core.language.messages import N_
from tca_app.features.projects.events import ProjectEvent


class Subject(Protocol):
    """What an event says of a deployment: of a row of `queries.WHOLE`, or of demo data."""

    id: int
    project_id: int
    project_name: str
    environment_name: str
    version: str
    source: str
    reporter: str


class DeploymentEvent(Event):
    """`subject` is the deployment, named by project, version and environment."""

    subject_type = "deployment"

    deployed_version: str
    environment: str
    source: str
    reporter: str

    @classmethod
    def of(cls, row: Subject, **fields: object) -> Self:
        """Creates the event of a deployment."""
        return cls(
            subject_id=row.id,
            subject_name=f"{row.project_name} {row.version} to {row.environment_name}",
            project_id=row.project_id,
            deployed_version=row.version,
            environment=row.environment_name,
            source=row.source,
            reporter=row.reporter,
            **fields,
        )


class DeploymentApprovalRequested(DeploymentEvent):
    type = "deployment_approval_requested"
    title = N_("{actor} requested approval to deploy {subject}")
    consumers = NOTIFYING


class DeploymentApproved(DeploymentEvent):
    type = "deployment_approved"
    title = N_("{actor} approved the deployment of {subject}")
    consumers = NOTIFYING

    asked_by_id: int | None


class DeploymentRefused(DeploymentEvent):
    type = "deployment_refused"
    title = N_("{actor} refused the deployment of {subject}: {reason}")
    consumers = NOTIFYING

    asked_by_id: int | None
    reason: str


class DeploymentRolledBack(DeploymentEvent):
    """The event of the new deployment. `undone_version` is the version that it rolls back."""

    type = "deployment_rolled_back"
    title = N_("{actor} rolled back {undone_version}: {subject}")

    undone_id: int
    undone_version: str


class FreezeOverridden(DeploymentEvent):
    """An administrator deploys to a frozen environment, with a reason."""

    type = "freeze_passed"
    title = N_("{actor} overrode the freeze for {subject}: {reason}")
    consumers = NOTIFYING

    reason: str


class DeploymentQueued(DeploymentEvent):
    """`freeze_reason` is the reason for overriding a freeze window, or empty."""

    type = "deployment_queued"
    title = N_("{actor} queued the deployment of {subject}")

    freeze_reason: str


class DeploymentRequested(DeploymentEvent):
    """A person created the deployment on a screen, or by a rollback, and it may start: CI can act on this event.

    With an approval it is emitted when that is given, so CI never acts on what is not approved.
    """

    type = "deployment_requested"
    title = N_("The deployment of {subject} can start")

    project_slug: str
    commit_sha: str
    ref: str
    rollback_of_id: int | None
    asked_by_id: int | None


class DeploymentStarted(DeploymentEvent):
    type = "deployment_started"
    title = N_("The deployment of {subject} started")


class DeploymentSucceeded(DeploymentEvent):
    type = "deployment_succeeded"
    title = N_("The deployment of {subject} succeeded")


class DeploymentFailed(DeploymentEvent):
    type = "deployment_failed"
    title = N_("The deployment of {subject} failed")
    consumers = NOTIFYING

    reason: str


class DeploymentCancelled(DeploymentEvent):
    type = "deployment_cancelled"
    title = N_("{actor} cancelled the deployment of {subject}")

    reason: str


class DeploymentResumed(DeploymentEvent):
    """A timed-out deployment is reported again. The event of the new state follows."""

    type = "deployment_resumed"
    title = N_("The deployment of {subject} was reported again after it timed out")


class DeploymentImported(DeploymentEvent):
    """A deployment that ended more than a day ago was recorded. `outcome` is its state; `after` has its own times.

    Nobody is notified, and only webhooks that name this type get it: an import is history, not news.
    """

    type = "deployment_imported"
    title = N_("{actor} imported the deployment of {subject}: {outcome}")

    outcome: str


class DeploymentCorrected(DeploymentEvent):
    """The start time or the commit time became known after the end."""

    type = "deployment_corrected"
    title = N_("The times of the deployment of {subject} were corrected")


OF_STATUS: dict[str, type[DeploymentEvent]] = {
    "pending_approval": DeploymentApprovalRequested,
    "queued": DeploymentQueued,
    "in_progress": DeploymentStarted,
    "succeeded": DeploymentSucceeded,
    "failed": DeploymentFailed,
    "cancelled": DeploymentCancelled,
}


class GithubHookRotated(ProjectEvent):
    type = "github_hook_rotated"
    title = N_("{actor} generated a new GitHub webhook secret for {subject}")


class GithubRepositoryAccepted(ProjectEvent):
    type = "github_repository_accepted"
    title = N_("{actor} accepted another GitHub repository for {subject}")


class GithubHookRemoved(ProjectEvent):
    type = "github_hook_removed"
    title = N_("{actor} removed the GitHub webhook of {subject}")
