"""The numbers of the dashboard."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tca_app.core.periods import DEFAULT_PERIOD, Period
from tca_app.core.schema import InputModel, ReadModel
from tca_app.features.deployments.schemas import MeasuresRead, OpenDeployment
from tca_app.features.health.schemas import ScoreTrend
from tca_app.features.projects.schemas import ProjectStatus
from tca_app.features.users.schemas import PersonRead

# In the order in which they stand until a person says otherwise.
CardName = Literal["users", "projects", "deployments", "health", "success_rate"]
PanelName = Literal[
    "deployments_by_day",
    "deploying_now",
    "busiest_projects",
    "delivery_measures",
    "users_over_time",
    "newest_projects",
    "newest_users",
    "recent_activity",
    "system_health",
]
Names = TypeVar("Names", bound=Sequence[str])


def _once(names: Names) -> Names:
    if len(set(names)) < len(names):
        raise ValueError("Name each one once.")
    return names


_ONCE = (Field(max_length=20, json_schema_extra={"uniqueItems": True}), AfterValidator(_once))


class StatsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    days: Period = Field(DEFAULT_PERIOD, description="The period: so many days (UTC), today included.")


class Trend(ReadModel):
    """A count now and in the period before. `percent` is null when there was nothing before."""

    now: int
    before: int
    percent: float | None

    @classmethod
    def of(cls, now: int, before: int) -> "Trend":
        return cls(now=now, before=before, percent=round((now - before) / before * 100, 1) if before else None)


class Rate(ReadModel):
    """A share from 0 to 1; null where there is nothing to take a share of."""

    now: float | None
    before: float | None


class DayCount(ReadModel):
    """How many there were at the end of a day (UTC); of today, at this moment."""

    day: date
    total: int


class DayResults(ReadModel):
    """How many deployments ended on a day (UTC), by how they ended."""

    day: date
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def ended(self) -> int:
        return self.succeeded + self.failed + self.cancelled


class NewUser(PersonRead):
    created_at: datetime


class NewProject(ReadModel):
    id: int
    name: str
    slug: str
    status: ProjectStatus
    owner: PersonRead
    created_at: datetime


class BusyProject(ReadModel):
    """A project by the deployments that ended in the period."""

    id: int
    name: str
    slug: str
    deployments: int
    failed: int


class Counts(ReadModel):
    """What is counted from rows and events, all but the health."""

    days: int
    total_users: Trend | None = Field(description="Everybody who is not in the trash.")
    active_projects: Trend = Field(description="Projects with the status active that are not in the trash.")
    deployments: Trend = Field(description="Those that ended in the period, of projects that are not in the trash.")
    success_rate: Rate = Field(description="The share that succeeded of those that succeeded or failed.")
    users_by_day: list[DayCount]
    projects_by_day: list[DayCount] = Field(
        description="Active projects. A member sees the whole past of their projects, also before they joined."
    )
    deployments_by_day: list[DayResults]
    has_deployments: bool = Field(description="Whether one was ever reported.")
    deploying: list[OpenDeployment] = Field(description="What has not ended, at most six.")
    busiest_projects: list[BusyProject]
    measures: MeasuresRead = Field(description="Of the environments with the tier production.")
    newest_users: list[NewUser]
    newest_projects: list[NewProject]
    as_of: datetime


class StatsRead(Counts):
    """What the viewer may see: people only for superusers, else null and empty; the rest of projects where they are a
    member. `before` is the same number of days earlier."""

    health: ScoreTrend = Field(description="The score of what the caller sees on `/status`, by what is probed.")


class LayoutRead(ReadModel):
    """The cards and panels that the viewer may see, in order. Those in `hidden` keep their place and are not drawn."""

    cards: list[CardName]
    panels: list[PanelName]
    hidden: list[CardName | PanelName]


class LayoutUpdate(InputModel):
    cards: Annotated[list[CardName], *_ONCE]
    panels: Annotated[list[PanelName], *_ONCE]
    hidden: Annotated[list[CardName | PanelName], *_ONCE]
