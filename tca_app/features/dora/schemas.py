"""Schemas of the DORA metrics by week, and by project or group."""

from datetime import date
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from tca_app.core.filters import Day, Many
from tca_app.core.periods import MAX_DAYS
from tca_app.core.schema import ReadModel, SearchText, UrlId
from tca_app.features.dora.levels import SOURCE, Level
from tca_app.features.environments.schemas import EnvironmentName
from tca_app.features.environments.tiers import Tier

WEEKS = (12, 26, 52)  # the periods that the page offers
MAX_WEEKS = -(-MAX_DAYS // 7)
Unit = Literal["project", "group"]
UnitSort = Literal[
    "name",
    "-name",
    "finished",
    "-finished",
    "frequency",
    "-frequency",
    "lead_time",
    "-lead_time",
    "failure_rate",
    "-failure_rate",
    "restore",
    "-restore",
]


class DoraQuery(BaseModel):
    """The period, which environments count, and whose. A parameter that is repeated matches any of its values."""

    model_config = ConfigDict(extra="forbid")

    weeks: Annotated[int, Field(ge=1, le=MAX_WEEKS)] = Field(12, description="Weeks of seven days (UTC).")
    until: Day | None = Field(None, description="Last day of the last week; today, if it is left out or later.")
    tier: Many[Tier] = Field([], description="Tiers that count; production, unless environments are named.")
    environment: Many[EnvironmentName] = Field([], description="Names of the environments that count.")
    project_id: Many[UrlId] = []
    group_id: Many[UrlId] = Field([], description="Only projects with one of these groups.")
    by: Unit = Field("project", description="What `units` are. A project counts for each of its groups.")

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """The tiers that count."""
        return tuple(self.tier) or (get_args(Tier) if self.environment else ("production",))


class DoraUnitsQuery(DoraQuery):
    """Also which `units`, by name or slug, and their order."""

    search: SearchText = ""
    sort: UnitSort = "-finished"

    @property
    def figures(self) -> DoraQuery:
        """What the figures depend on."""
        return DoraQuery.model_validate(self.model_dump(include=set(DoraQuery.model_fields)))


class DoraFigures(ReadModel):
    """The four metrics; null where there is nothing to measure. `GET /api/v1/deployments/measures` defines them."""

    succeeded: int
    finished: int = Field(description="Deployments that succeeded, or failed after they had started.")
    bad: int = Field(description="Of the finished ones those that failed or were rolled back.")
    projects: int = Field(description="Projects with a successful deployment.")
    deployments_per_day: float = Field(description="Successful deployments per day.")
    lead_time_s: float | None
    with_commit_time: int = Field(description="Deployed commits with a known time.")
    change_failure_rate: float | None = Field(description="Share of the finished deployments that are bad, 0 to 1.")
    time_to_restore_s: float | None
    restored: int = Field(description="How many times an environment was restored.")


class DoraLevels(ReadModel):
    """Levels after the clusters of the Accelerate State of DevOps Report 2023; null where nothing is measured."""

    deployment_frequency: Level | None = Field(description="Of the average project with deployments.")
    lead_time: Level | None
    change_failure_rate: Level | None
    time_to_restore: Level | None


class DoraPeriod(DoraFigures):
    """The metrics of a period. Both days are included."""

    since: date
    until: date


class DoraTotal(DoraPeriod):
    levels: DoraLevels


class DoraUnit(DoraFigures):
    """The metrics of a project or group. `slug`, `color` and `emoji` are those of a project."""

    id: int
    name: str
    slug: str
    color: str
    emoji: str
    levels: DoraLevels


class DoraRead(ReadModel):
    """The DORA metrics of a period, of the period before, by week (oldest first), and by project or group."""

    weeks: int
    tiers: list[Tier]
    by: Unit
    levels_source: str = SOURCE
    total: DoraTotal
    before: DoraTotal
    trend: list[DoraPeriod]
    units: list[DoraUnit] = Field(description="Those with finished deployments, the most first; at most 1,000.")
