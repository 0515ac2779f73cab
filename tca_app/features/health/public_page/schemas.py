"""Schemas of the public page. They have no fields for URLs, reasons and people, so those cannot leak."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from tca_app.core.schema import ReadModel
from tca_app.features.health.schemas import Severity

PublicState = Literal["passing", "failing", "unknown", "paused", "maintenance"]


class PublicDay(ReadModel):
    """One day. Days without a probe are left out."""

    day: date
    share: float = Field(description="Share of passed checks, 0 to 1.")


class PublicComponent(ReadModel):
    """A component. `unknown`: it has no recent check. `maintenance`: maintenance that is announced here is on."""

    name: str = Field(examples=["Shop production"])
    state: PublicState
    days: list[PublicDay] = Field(description="The last 90 days (UTC), oldest first.")


class PublicNote(ReadModel):
    """A public note. `status` is what it set, if it was an update."""

    at: datetime
    note: str
    status: str | None = None


class PublicIncident(ReadModel):
    """`component` is the one that is down, or "" for an incident that a person opened; `affects` has those of it."""

    key: str = Field(description="Identifies the incident here and in the feed.")
    title: str = Field(examples=["Shop production is down"])
    component: str
    affects: list[str]
    severity: Severity
    opened_at: datetime
    closed_at: datetime | None
    notes: list[PublicNote]


class PublicMaintenance(ReadModel):
    """Maintenance that is on or planned."""

    key: str = Field(description="Identifies it on the page.")
    title: str
    message: str
    affects: list[str]
    starts_at: datetime
    ends_at: datetime
    is_active: bool


class PublicTotals(ReadModel):
    """The number of components, and of those in each state. The others pass."""

    components: int
    failing: int
    unknown: int
    paused: int
    maintenance: int


class PublicRead(ReadModel):
    """`as_of` is the time of the last check. `components` has at most 100, failing ones first; `totals` counts all.

    `incidents` has open ones and those of the last 30 days, `maintenance` what is on and planned, at most 20 of each.
    """

    as_of: datetime | None
    totals: PublicTotals
    components: list[PublicComponent]
    incidents: list[PublicIncident]
    maintenance: list[PublicMaintenance]
