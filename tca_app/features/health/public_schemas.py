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


class PublicRead(ReadModel):
    """`as_of` is when one of them was last probed. Incidents are those that last and those of the last 30 days."""

    as_of: datetime | None
    components: list[PublicComponent]
    incidents: list[PublicIncident]
