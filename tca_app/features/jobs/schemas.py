"""Schemas of jobs."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tca_app.core.database.concurrency import ListFilter, ListQuery
from tca_app.core.filters import DayOrMoment, Many
from tca_app.core.jobs.queue import QUEUE_NAMES
from tca_app.core.schema import Id, InputModel, ReadModel

State = Literal["dead", "retrying", "waiting", "running"]


def _known(name: str | None) -> str | None:
    if name is not None and name not in QUEUE_NAMES:
        raise ValueError("Unknown queue.")
    return name


QueueSort = Literal[
    "name",
    "-name",
    "waiting",
    "-waiting",
    "running",
    "-running",
    "retrying",
    "-retrying",
    "dead",
    "-dead",
    "lag_seconds",
    "-lag_seconds",
]


class QueueQuery(BaseModel):
    """All queues: there are few of them."""

    model_config = ConfigDict(extra="forbid")

    sort: QueueSort = "name"


class QueueRead(ReadModel):
    """One queue. `lag_seconds` is how long the oldest runnable job has been waiting, or 0."""

    name: str = Field(examples=["email_queue"])
    waiting: int
    running: int
    retrying: int
    dead: int
    lag_seconds: float


class QueuesRead(ReadModel):
    """The queues. `workers` is the number of running workers."""

    workers: int
    queues: list[QueueRead]


JobSort = Literal[
    "id",
    "-id",
    "kind",
    "-kind",
    "queue",
    "-queue",
    "attempts",
    "-attempts",
    "reason",
    "-reason",
    "failed_at",
    "-failed_at",
    "state",
    "-state",
]


class JobFilter(ListFilter):
    """`state=retrying`: failed and waiting for another attempt. `search` matches the kind or the reason."""

    state: Annotated[Many[State], Field(min_length=1)] = ["dead"]
    sort: JobSort = "-id"
    since: DayOrMoment | None = Field(None, description="The last failure was at or after this time.")
    until: DayOrMoment | None = Field(None, description="It was before this time, or on this day at the latest.")
    queue: Many[Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(QUEUE_NAMES)})]] = []


class JobQuery(JobFilter, ListQuery):
    """A page of jobs."""


class JobRead(ReadModel):
    """One job. `reason` is why the last attempt failed; `next_at` is the time of the next attempt, if in the future.

    `request_id` is the request or click that caused the job; empty for scheduled jobs.
    """

    id: int
    kind: str = Field(examples=["send_mail"])
    queue: str = Field(examples=["email_queue"])
    state: State
    attempts: int
    args: dict[str, Any]
    reason: str
    failed_at: datetime | None
    next_at: datetime | None
    request_id: str


class JobBulk(InputModel):
    """An action on dead jobs, at most 100 at once."""

    action: Literal["retry", "discard"]
    ids: Annotated[list[Id], Field(min_length=1, max_length=100)]


class JobResult(ReadModel):
    """The result for one job. `detail` says why the action failed."""

    id: int
    ok: bool
    detail: str
