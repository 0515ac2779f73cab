"""Schemas of the public page. They have no fields for URLs, reasons and people, so those cannot leak."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from tca_app.core.schema import ReadModel

PublicState = Literal["passing", "failing", "unknown", "paused"]


class PublicDay(ReadModel):
    """One day. Days without a probe are left out."""

    day: date
    share: float = Field(description="Share of passed checks, 0 to 1.")


class PublicComponent(ReadModel):
    """A component. `unknown`: it has no recent check."""

    name: str = Field(examples=["Shop production"])
    state: PublicState
    days: list[PublicDay] = Field(description="The last 90 days (UTC), oldest first.")


class PublicNote(ReadModel):
    at: datetime
    note: str


class PublicIncident(ReadModel):
    key: str = Field(description="Identifies the incident here and in the feed.")
    component: str
    opened_at: datetime
    closed_at: datetime | None
    notes: list[PublicNote]


class PublicTotals(ReadModel):
    """The number of components, and of those in each state. The others pass."""

    components: int
    failing: int
    unknown: int
    paused: int


class PublicRead(ReadModel):
    """`as_of` is the time of the last check. `components` has at most 100, failing ones first; `totals` counts all.

    `incidents` has open ones and those of the last 30 days, at most 20.
    """

    as_of: datetime | None
    totals: PublicTotals
    components: list[PublicComponent]
    incidents: list[PublicIncident]
