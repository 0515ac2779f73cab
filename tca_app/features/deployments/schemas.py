"""Schemas of deployments."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tca_app.core.periods import DEFAULT_PERIOD, Period
from tca_app.core.schema import (
    Commit,
    Count,
    HttpUrl,
    Id,
    InputModel,
    Line200,
    Line500,
    LineNumber,
    LongLimit,
    Moment,
    Name255,
    ReadModel,
    Reason,
    Text2000,
    UrlId,
    WaitS,
)
from tca_app.features.deployments.commits.schemas import ReportedCommits
from tca_app.features.environments.schemas import EnvironmentName
from tca_app.features.environments.tiers import Tier
from tca_app.features.projects.schemas import ProjectRef
from tca_app.features.users.schemas import PersonRead

MAX_BATCH = 1_000
MAX_LINE = 10_000
MAX_LINES = 100_000
MAX_VERSION = 255  # an image reference with its digest has 105 characters or more

Status = Literal["pending_approval", "queued", "in_progress", "succeeded", "failed", "cancelled"]
ReportedStatus = Literal["queued", "in_progress", "succeeded", "failed", "cancelled"]
Source = Literal["ui", "api", "github"]
Ref = Annotated[Line200, Field(examples=["main"])]
ExternalId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$", examples=["ci-4711"])]


class DeploymentCreate(InputModel):
    """`external_id` is your own id of the deployment: a second report with the same id changes nothing.

    Times may be at most a minute in the future, in the order queued, started, finished. Without them the time of the
    report counts; a result without `started_at` started when it was queued.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"environment": "production", "version": "1.4.2", "commit_sha": "9f1c2ab"}]}
    )

    environment: EnvironmentName
    version: Annotated[Name255, Field(examples=["1.4.2"])]
    commit_sha: Commit = ""
    ref: Ref = ""
    commit_at: Moment | None = Field(None, description="When the commit was made: the start of the lead time.")
    description: Text2000 = ""
    ci_url: HttpUrl = ""
    external_id: ExternalId | None = None
    status: ReportedStatus = Field("queued", description="The state it has already; a result needs no further report.")
    reason: Line500 = Field("", description="Why it failed or was cancelled.")
    queued_at: Moment | None = None
    started_at: Moment | None = None
    finished_at: Moment | None = None
    freeze_reason: Line500 = Field("", description="Administrators only: the reason for overriding a freeze window.")
    commits: ReportedCommits | None = Field(None, description="The commits since another one, for the page.")


class DeploymentStep(InputModel):
    """The current state of the deployment. `reason` says why it failed or was cancelled."""

    status: ReportedStatus
    reason: Line500 = ""


class Approval(InputModel):
    freeze_reason: Line500 = Field("", description="Administrators only: the reason for overriding a freeze window.")


class Refusal(InputModel):
    reason: Reason


class Rollback(InputModel):
    """Without `to_id` the previous version is deployed again."""

    to_id: Id | None = Field(None, description="The deployment whose version is deployed again.")
    description: Text2000 = ""
    freeze_reason: Line500 = Field("", description="Administrators only: the reason for overriding a freeze window.")


class WaitQuery(BaseModel):
    """How long the response may be held back."""

    model_config = ConfigDict(extra="forbid")

    wait: WaitS = Field(0, description="Seconds to wait until the state changes. A deployment that ended never waits.")
    seen: Status | None = Field(
        None, description="The state that you know. The response is immediate when it is another one already."
    )


class EnvironmentRef(ReadModel):
    id: int
    name: str
    is_protected: bool


_EXAMPLE: dict[str, Any] = {
    "id": 71,
    "project": {"id": 3, "name": "Billing API", "slug": "billing-api", "color": "teal", "emoji": ""},
    "environment": {"id": 9, "name": "production", "is_protected": True},
    "version": "1.4.2",
    "status": "in_progress",
}


class DeploymentRead(ReadModel):
    """One deployment. `created_by` is null when GitHub reported it: `reporter` is then the GitHub user."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_EXAMPLE]})

    id: int
    project: ProjectRef
    environment: EnvironmentRef
    version: str
    status: Status
    source: Source
    reason: str
    commit_sha: str
    ref: str
    commit_at: datetime | None
    description: str
    ci_url: str
    log_url: str
    environment_url: str
    external_id: str | None
    rollback_of_id: int | None
    created_by: PersonRead | None
    reporter: str
    decided_by: PersonRead | None
    decided_at: datetime | None
    freeze_reason: str
    log_lines: int
    created_at: datetime
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    timed_out_at: datetime | None = Field(
        description="When it failed because nothing was reported for too long. A later report is still accepted."
    )
    updated_at: datetime

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    @property
    def who(self) -> str:
        """The display name of the reporter."""
        return self.created_by.display_name if self.created_by else self.reporter

    @property
    def who_id(self) -> int | None:
        """The id of the reporter, if it is a user."""
        return self.created_by.id if self.created_by else None


class OpenDeployment(DeploymentRead):
    """A deployment that has not ended."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE | {"usual_s": 240.0}]})

    usual_s: float | None = Field(
        description="Median duration of the last successful deployments (at most five) to its environment."
    )


class ChangesRead(ReadModel):
    """The changes since the previous deployment. `compare_url` is the repository's comparison."""

    before: DeploymentRead | None
    compare_url: str
    between: list[DeploymentRead]


Line = Annotated[str, Field(max_length=MAX_LINE, pattern=r"^[^\x00\n]*$")]


class LogAppend(InputModel):
    """Lines `first_seq`, `first_seq + 1` and so on. Existing lines stay as they are."""

    first_seq: LineNumber
    lines: Annotated[list[Line], Field(min_length=1, max_length=MAX_BATCH)]


class LogState(ReadModel):
    """The state of a log. `next_seq` is the number of the next expected line."""

    next_seq: int
    added: int


class LogQuery(BaseModel):
    """The lines after `after`, at most `limit`."""

    model_config = ConfigDict(extra="forbid")

    after: Count = 0
    limit: LongLimit = 1000


class LogLine(ReadModel):
    seq: int
    at: datetime
    line: str


class MeasuresQuery(BaseModel):
    """Filters of the metrics: one project, or all that the caller may see."""

    model_config = ConfigDict(extra="forbid")

    days: Period = DEFAULT_PERIOD
    tier: Tier = Field("production", description="Tier of the environments to measure.")
    project_id: UrlId | None = None


class MeasuresRead(ReadModel):
    """The four DORA metrics over the last `days` (UTC, including today); null where there is nothing to measure.
    Medians over more than 10,000 deployments of all projects are within 2 %."""

    days: int
    tier: Tier
    project_id: int | None
    succeeded: int
    finished: int = Field(description="Deployments that succeeded, or failed after they had started.")
    deployments_per_day: float = Field(description="Successful deployments per day.")
    lead_time_s: float | None = Field(
        description="Median seconds from a commit to the end of its first successful deployment in an environment."
    )
    with_commit_time: int = Field(description="Deployed commits with a known time.")
    change_failure_rate: float | None = Field(
        description="Share of finished deployments that failed or were rolled back, 0 to 1."
    )
    time_to_restore_s: float | None = Field(
        description="Median seconds from the first bad deployment of an environment to the next good one, where that "
        "came in the period."
    )
    restored: int = Field(description="How many times an environment was restored.")
