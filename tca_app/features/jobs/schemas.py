"""What the calls and the screen about jobs take and give."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from tca_app.core.database.concurrency import ListQuery
from tca_app.core.jobs.queue import QUEUE_NAMES
from tca_app.core.schema import Id, InputModel, ReadModel

State = Literal["dead", "retrying", "waiting", "running"]


def _known(name: str | None) -> str | None:
    if name is not None and name not in QUEUE_NAMES:
        raise ValueError("Unknown queue.")
    return name


class QueueRead(ReadModel):
    """One queue. `lag_seconds`: how long the oldest job that could run is waiting; 0 when none does."""

    name: str = Field(examples=["email_queue"])
    waiting: int
    running: int
    retrying: int
    dead: int
    lag_seconds: float


class QueuesRead(ReadModel):
    """`workers`: how many are alive."""

    workers: int
    queues: list[QueueRead]


class JobQuery(ListQuery):
    """`state=retrying`: failed before and waiting for another attempt. `search` is for the kind or the reason."""

    state: State = "dead"
    queue: Annotated[str | None, AfterValidator(_known), Field(json_schema_extra={"enum": list(QUEUE_NAMES)})] = None


class JobRead(ReadModel):
    """One job. `reason` is that of the last failed attempt; `next_at` when it is tried again, if not at once.

    `request_id`: of the call or click that caused it; empty for what is done by the clock.
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


class JobsAct(InputModel):
    """What to do to which dead jobs; at most 100 at once."""

    action: Literal["retry", "discard"]
    ids: Annotated[list[Id], Field(min_length=1, max_length=100)]


class JobResult(ReadModel):
    """What became of one of them; `detail` says why not."""

    id: int
    ok: bool
    detail: str
