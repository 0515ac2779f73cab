"""State of the queues on `/status/jobs`."""

from typing import ClassVar, TypedDict

from tca_app.core.database.session import reading
from tca_app.core.language.messages import _
from tca_app.core.region.formats import number
from tca_app.features.jobs import service as jobs
from tca_app.features.jobs.filters import queue_label
from tca_app.features.jobs.schemas import QueueQuery, QueueRead
from tca_app.ui.components.loading import LoadState
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState
from tca_app.ui.table.order import Order, OrderState

LATE_S = 60.0
NO_LAG_S = 1.0  # less than this is none


class Queue(TypedDict):
    """A queue. `lag` is in words: "12 s"."""

    name: str
    waiting: int
    running: int
    retrying: int
    dead: int
    lag: str
    has_lag: bool
    is_late: bool


def lag_in_words(seconds: float) -> str:
    if seconds < NO_LAG_S:
        return _("none")
    if seconds < 120:
        return _("{seconds} s", seconds=number(seconds))
    if seconds < 7200:
        return _("{number} min", number=number(seconds / 60))
    return _("{number} h", number=number(seconds / 3600))


class QueuesState(LoadState, OrderState, SessionState):
    """State of the short list of queues, with an order of its own."""

    queues: list[Queue] = []
    workers: int = 0

    _order: ClassVar = Order.of("sort_queues", QueueQuery)

    @handler("jobs.manage", supersedes=True)
    async def load(self) -> None:
        self._watch(QueuesState.load, "jobs")
        query = QueueQuery.model_validate({"sort": self._sorted()})
        with self._loading():
            async with reading() as session:
                found = await jobs.read_queues(session, self._as_actor(), query)
            self.workers, self.queues = found.workers, [_row(queue) for queue in found.queues]


def _row(queue: QueueRead) -> Queue:
    return Queue(
        name=_(queue_label(queue.name)),
        waiting=queue.waiting,
        running=queue.running,
        retrying=queue.retrying,
        dead=queue.dead,
        lag=lag_in_words(queue.lag_seconds),
        has_lag=queue.lag_seconds >= NO_LAG_S,
        is_late=queue.lag_seconds > LATE_S,
    )
