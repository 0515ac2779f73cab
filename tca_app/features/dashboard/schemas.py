"""The numbers of the dashboard."""

from datetime import date, datetime

from pydantic import Field

from tca_app.core.schema import ReadModel
from tca_app.features.projects.schemas import ProjectStatus
from tca_app.features.users.schemas import PersonRead


class Trend(ReadModel):
    """A count now and 30 days ago. `percent` is null when there was nothing before."""

    now: int
    before: int
    percent: float | None

    @classmethod
    def of(cls, now: int, before: int) -> "Trend":
        return cls(now=now, before=before, percent=round((now - before) / before * 100, 1) if before else None)


class DayCount(ReadModel):
    """How many there were at the end of a day (UTC); of today, at this moment."""

    day: date
    total: int


class NewUser(PersonRead):
    created_at: datetime


class NewProject(ReadModel):
    id: int
    name: str
    slug: str
    status: ProjectStatus
    owner: PersonRead
    created_at: datetime


class StatsRead(ReadModel):
    """What the viewer may see: people only for superusers, else null and empty; projects where they are a member."""

    total_users: Trend | None = Field(description="Everybody who is not in the trash.")
    active_projects: Trend = Field(description="Projects with the status active that are not in the trash.")
    users_by_day: list[DayCount]
    newest_users: list[NewUser]
    newest_projects: list[NewProject]
    as_of: datetime
