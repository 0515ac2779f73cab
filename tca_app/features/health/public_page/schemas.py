"""What everybody may know of the chosen components. What has no field here cannot leak: addresses, reasons, people."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from tca_app.core.schema import ReadModel

PublicState = Literal["passing", "failing", "unknown", "paused"]


class PublicDay(ReadModel):
    """One on which nothing was probed is left out."""

    day: date
    share: float = Field(description="Of the probes that passed, 0 to 1.")


class PublicComponent(ReadModel):
    """`unknown`: it was not probed for some time, so nobody knows."""

    name: str = Field(examples=["Shop production"])
    state: PublicState
    days: list[PublicDay] = Field(description="The last 90 days (UTC), the oldest first.")


class PublicNote(ReadModel):
    at: datetime
    note: str


class PublicIncident(ReadModel):
    component: str
    opened_at: datetime
    closed_at: datetime | None
    notes: list[PublicNote]


class PublicTotals(ReadModel):
    """How many components there are, and how many of them are in which state; the others pass."""

    components: int
    failing: int
    unknown: int
    paused: int


class PublicRead(ReadModel):
    """`as_of` is when one of them was last probed. `components` has at most 100, what fails first; `totals` has all.

    Incidents are those that last and those of the last 30 days, at most 20.
    """

    as_of: datetime | None
    totals: PublicTotals
    components: list[PublicComponent]
    incidents: list[PublicIncident]
