"""What the calls and screens about deployments take and give."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tca_app.core.database.concurrency import ListQuery
from tca_app.core.periods import DEFAULT_PERIOD, Period
from tca_app.core.schema import (
    Commit,
    Count,
    HttpUrl,
    Id,
    InputModel,
    Limit,
    Line200,
    Line500,
    LineNumber,
    LongLimit,
    Moment,
    Name255,
    ReadModel,
    Reason,
    ShortSkip,
    Text2000,
    UrlId,
)
from tca_app.features.environments.schemas import EnvironmentName
from tca_app.features.environments.tiers import Tier
from tca_app.features.users.schemas import PersonRead

MAX_BATCH = 1_000
MAX_LINE = 10_000
MAX_LINES = 100_000
MAX_VERSION = 255  # an image reference with its digest has 105 characters or more

Status = Literal["pending_approval", "queued", "in_progress", "succeeded", "failed", "cancelled"]
Source = Literal["ui", "api", "github"]
Ref = Annotated[Line200, Field(examples=["main"])]
ExternalId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$", examples=["ci-4711"])]


class DeploymentCreate(InputModel):
    """`external_id` is your own name for it: a second report under the same one changes nothing."""

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
    freeze_reason: Line500 = Field("", description="Administrators only: the reason for overriding a freeze window.")


class DeploymentStep(InputModel):
    """The state that the deployment is in now; `reason` says why it failed or was cancelled."""

    status: Literal["queued", "in_progress", "succeeded", "failed", "cancelled"]
    reason: Line500 = ""


class Approval(InputModel):
    freeze_reason: Line500 = Field("", description="Administrators only: the reason for overriding a freeze window.")


class Refusal(InputModel):
    reason: Reason


class Rollback(InputModel):
    """Without `to_id` it goes back to what ran there before."""

    to_id: Id | None = Field(None, description="The deployment whose version is deployed again.")
    description: Text2000 = ""
    freeze_reason: Line500 = Field("", description="Administrators only: the reason for overriding a freeze window.")


class DeploymentFilter(ListQuery):
    """Newest first. `environment` is a name; `search` looks in version, ref and commit."""

    skip: ShortSkip = 0
    environment: EnvironmentName | None = None
    status: Status | Literal["finished"] | None = Field(None, description="`finished`: succeeded or failed.")
    source: Source | None = None
    days: Period | None = Field(None, description="Those that ended in the last so many days (UTC), today included.")


class DeploymentQuery(DeploymentFilter):
    project_id: UrlId | None = None


class ProjectRef(ReadModel):
    id: int
    name: str
    slug: str


class EnvironmentRef(ReadModel):
    id: int
    name: str
    is_protected: bool


_EXAMPLE: dict[str, Any] = {
    "id": 71,
    "project": {"id": 3, "name": "Billing API", "slug": "billing-api"},
    "environment": {"id": 9, "name": "production", "is_protected": True},
    "version": "1.4.2",
    "status": "in_progress",
}


class DeploymentRead(ReadModel):
    """One deployment. `created_by` is null for what GitHub reported: then `reporter` is the name there."""

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
        description="When it was failed because nothing was reported for too long; a later report is still taken."
    )
    updated_at: datetime

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    @property
    def who(self) -> str:
        """Who reported it, as people read it."""
        return self.created_by.display_name if self.created_by else self.reporter


class OpenDeployment(DeploymentRead):
    """One that has not ended."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE | {"usual_s": 240.0}]})

    usual_s: float | None = Field(
        description="How long the last good ones of its environment took: the median of at most five."
    )


class ChangesRead(ReadModel):
    """What came between a deployment and the one that ran there before. `compare_url` is the repository's own page."""

    before: DeploymentRead | None
    compare_url: str
    between: list[DeploymentRead]


Line = Annotated[str, Field(max_length=MAX_LINE, pattern=r"^[^\x00\n]*$")]


class LogAppend(InputModel):
    """Lines `first_seq`, `first_seq + 1` and so on. Lines that are there already are left as they are."""

    first_seq: LineNumber
    lines: Annotated[list[Line], Field(min_length=1, max_length=MAX_BATCH)]


class LogState(ReadModel):
    """`next_seq` is the number of the line that is expected next."""

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


class MatrixQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    skip: ShortSkip = 0
    limit: Limit = 100


class Place(ReadModel):
    """An environment and what runs there: the last deployment that succeeded, null before the first."""

    environment_id: int
    environment: str
    rank: int
    url: str
    deployment_id: int | None
    version: str | None
    finished_at: datetime | None
    who: str | None
    is_deploying: bool


class WhatRunsWhere(ReadModel):
    project: ProjectRef
    places: list[Place]


class MeasuresQuery(BaseModel):
    """Of all projects that the caller may see, or of one."""

    model_config = ConfigDict(extra="forbid")

    days: Period = DEFAULT_PERIOD
    tier: Tier = Field("production", description="Environments of this tier count.")
    project_id: UrlId | None = None


class MeasuresRead(ReadModel):
    """The four delivery measures of DORA over the last `days` (UTC, today included); null where there is nothing to
    measure. The medians of more than 10,000 deployments of all projects are within 2 %."""

    days: int
    tier: Tier
    project_id: int | None
    succeeded: int
    finished: int = Field(description="Those that succeeded, and those that failed after they had started.")
    deployments_per_day: float = Field(description="How often a deployment succeeded, by day.")
    lead_time_s: float | None = Field(
        description="Median seconds from a commit to the end of its first successful deployment in an environment."
    )
    with_commit_time: int = Field(description="How many commits arrived whose time is known.")
    change_failure_rate: float | None = Field(
        description="The share of finished deployments that failed or were rolled back, 0 to 1."
    )
    time_to_restore_s: float | None = Field(
        description="Median seconds from the first bad deployment of an environment to the next good one, where that "
        "came in the period."
    )
    restored: int = Field(description="How many times an environment was brought back.")
