"""Schemas of the dashboard."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tca_app.core.periods import DEFAULT_PERIOD, Period
from tca_app.core.schema import InputModel, ReadModel
from tca_app.features.deployments.schemas import MeasuresRead, OpenDeployment
from tca_app.features.health.schemas import ScoreTrend
from tca_app.features.projects.schemas import ProjectRef, ProjectStatus
from tca_app.features.users.schemas import PersonRead

# In the default order.
CardName = Literal["users", "projects", "deployments", "health", "success_rate"]
PanelName = Literal[
    "deployments_by_day",
    "deploying_now",
    "busiest_projects",
    "delivery_measures",
    "recent_activity",
    "system_health",
    "users_over_time",
    "newest_projects",
    "newest_users",
]
Names = TypeVar("Names", bound=Sequence[str])


def _once(names: Names) -> Names:
    if len(set(names)) < len(names):
        raise ValueError("List each name once.")
    return names


_ONCE = (Field(max_length=20, json_schema_extra={"uniqueItems": True}), AfterValidator(_once))


class StatsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    days: Period = Field(DEFAULT_PERIOD, description="Length of the period in days (UTC), including today.")


class Trend(ReadModel):
    """A count now and in the previous period. `percent` is null when the previous count was 0."""

    now: int
    before: int
    percent: float | None

    @classmethod
    def of(cls, now: int, before: int) -> "Trend":
        return cls(now=now, before=before, percent=round((now - before) / before * 100, 1) if before else None)


class Rate(ReadModel):
    """A share from 0 to 1, or null when the total is 0."""

    now: float | None
    before: float | None


class DayCount(ReadModel):
    """A count at the end of a day (UTC), or now for today."""

    day: date
    total: int


class DayResults(ReadModel):
    """Deployments that ended on a day (UTC), by result."""

    day: date
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def ended(self) -> int:
        return self.succeeded + self.failed + self.cancelled


class NewUser(PersonRead):
    created_at: datetime


class NewProject(ProjectRef):
    status: ProjectStatus
    owner: PersonRead
    created_at: datetime


class BusyProject(ProjectRef):
    """A project with its deployments that ended in the period."""

    deployments: int
    failed: int


class Counts(ReadModel):
    """All numbers of the dashboard except the health."""

    days: int
    total_users: Trend | None = Field(description="Users who are not in the trash.")
    active_projects: Trend = Field(description="Projects with the status active that are not in the trash.")
    deployments: Trend = Field(description="Deployments that ended in the period, without projects in the trash.")
    success_rate: Rate = Field(description="Succeeded deployments as a share of those that succeeded or failed.")
    users_by_day: list[DayCount]
    projects_by_day: list[DayCount] = Field(
        description="Active projects. Members see the whole history of their projects, even before they joined."
    )
    deployments_by_day: list[DayResults]
    has_deployments: bool = Field(description="Whether any deployment was ever reported.")
    deploying: list[OpenDeployment] = Field(description="Deployments that have not ended, at most six.")
    busiest_projects: list[BusyProject]
    measures: MeasuresRead = Field(description="DORA metrics of the environments with the tier production.")
    newest_users: list[NewUser]
    newest_projects: list[NewProject]
    as_of: datetime


class StatsRead(Counts):
    """The numbers that the caller may see: users only for superusers, else null and empty; the rest for the projects of
    which the caller is a member. `before` is the same number of days earlier."""

    health: ScoreTrend = Field(description="The score of the components that the caller sees on `/status`.")


class LayoutRead(ReadModel):
    """The cards and panels that the viewer may see, in order. Those in `hidden` keep their position."""

    cards: list[CardName]
    panels: list[PanelName]
    hidden: list[CardName | PanelName]


class LayoutUpdate(InputModel):
    cards: Annotated[list[CardName], *_ONCE]
    panels: Annotated[list[PanelName], *_ONCE]
    hidden: Annotated[list[CardName | PanelName], *_ONCE]
