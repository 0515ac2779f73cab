"""Filters and orders of the list of deployments."""

from typing import Literal

from pydantic import Field

from tca_app.core.database.concurrency import ListFilter, ListQuery
from tca_app.core.filters import Day, DayOrMoment, Many
from tca_app.core.periods import Period
from tca_app.core.schema import ShortSkip, UrlId
from tca_app.features.deployments.schemas import ExternalId, Source, Status
from tca_app.features.environments.schemas import EnvironmentName
from tca_app.features.environments.tiers import Tier

DeploymentSort = Literal[
    "id",
    "-id",
    "version",
    "-version",
    "project",
    "-project",
    "environment",
    "-environment",
    "status",
    "-status",
    "created_by",
    "-created_by",
    "duration",
    "-duration",
]


class DeploymentFilter(ListFilter):
    """Filters for deployments. `environment` is a name; `search` matches version, ref, commit and project.

    A parameter that is repeated matches any of its values. `since` and `until` are days in UTC, both inclusive, or
    times, of which `until` is exclusive.
    """

    environment: Many[EnvironmentName] = []
    tier: Many[Tier] = Field([], description="Tier of the environment.")
    status: Many[Status | Literal["finished", "completed"]] = Field(
        [],
        description="`finished`: succeeded or failed. `completed`: succeeded, or failed after it had started, "
        "as the DORA metrics count.",
    )
    source: Many[Source] = []
    created_by_id: Many[UrlId] = []
    days: Period | None = Field(None, description="Ended in the last N days (UTC), including today.")
    ended_on: Day | None = Field(None, description="Ended on this day (UTC).")
    ended_since: Day | None = Field(None, description="Ended on this day (UTC) or later.")
    ended_until: Day | None = Field(None, description="Ended on this day (UTC) or before.")
    since: DayOrMoment | None = Field(None, description="Created at or after this time.")
    until: DayOrMoment | None = Field(None, description="Created before this time, or on this day at the latest.")
    external_id: ExternalId | None = None
    sort: DeploymentSort = "-id"


class ProjectDeploymentQuery(DeploymentFilter, ListQuery):
    """A page of the deployments of one project."""

    skip: ShortSkip = 0


class DeploymentExport(DeploymentFilter):
    """The deployments of all projects, or of these."""

    project_id: Many[UrlId] = []
    group_id: Many[UrlId] = Field(
        [],
        description="Of projects with one of these groups. Others than administrators: "
        "of groups that the caller is in.",
    )


class DeploymentQuery(DeploymentExport, ProjectDeploymentQuery):
    """A page of the deployments of all projects, or of these."""
