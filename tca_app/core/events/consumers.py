"""Event consumers: each handles every event exactly once, in batches under load.

Every event has one job per consumer. A worker that fetches one also takes up to `BATCH` waiting jobs of the same
consumer and handles them in one transaction, because a job alone costs 0.6 ms of CPU. When a batch fails it is rolled
back and its first event is retried alone, so a poison event does not block the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic

import structlog
from procrastinate.jobs import Job
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.database.session import lock, transaction
from tca_app.core.events.log import EVENT_COLUMNS, QUEUES, TASK_PREFIX, RecordedEvent
from tca_app.core.jobs.queue import own_request_id, task, wake_workers
from tca_app.core.telemetry.log import request_id_var, user_id_var
from tca_app.core.telemetry.metrics import note_consumed
from tca_app.core.telemetry.tracing import link_spans

log = structlog.get_logger(__name__)

BATCH = 200
BUSY_BATCH_SIZE = 5  # a batch of this size suggests that more events follow
BUSY_PERIOD_S = 1.0  # how long that holds after such a batch
BATCH_WAIT_S = 0.5
Effect = Callable[[AsyncSession, Sequence[RecordedEvent]], Awaitable[None]]

# Only first attempts are batched; retries run alone. Batched jobs are deleted here without being fetched by a worker. A
# job that a worker has already fetched is handled in the batch too, to keep the order, and later finds nothing to do.
_FETCH_BATCH = text(
    """
    WITH waiting AS (
      SELECT id, CAST(args ->> 'event_id' AS bigint) AS event_id, args #>> '{cause,traceparent}' AS traceparent
      FROM procrastinate_jobs
      WHERE task_name = :task AND status IN ('todo', 'doing') AND attempts = 0 AND id <> :own_id
      ORDER BY id LIMIT :most
    ), ended AS (
      DELETE FROM procrastinate_jobs WHERE id IN (
        SELECT job.id FROM procrastinate_jobs AS job JOIN waiting ON waiting.id = job.id
        WHERE status = 'todo' FOR UPDATE OF job SKIP LOCKED)
    )
    SELECT event_id, traceparent FROM waiting
    """
)


def consumer(name: str) -> Callable[[Effect], Effect]:
    """Register `async def effect(session, events)` as the consumer `name`.

    It gets events oldest first, each once; later events do not wait for a failed one. The effect must use `session`,
    the transaction that also records the events as handled. A mail or an HTTP call is a separate job that it enqueues.
    """

    def decorate(effect: Effect) -> Effect:
        window = _BatchWindow()

        async def consume(job: Job, event_id: int) -> None:
            async with window.lock:
                if job.attempts == 0 and await _process_batch(job, name, effect, event_id, window):
                    return
            async with transaction() as session:
                await lock(session, TASK_PREFIX + name)
                done = await _apply(session, name, effect, [event_id])
            note_consumed(name, done)

        task(TASK_PREFIX + name, QUEUES[name])(consume)
        return effect

    return decorate


class _BatchWindow:
    """Runs one batch of a consumer at a time in this process. Parallel batches would only be smaller."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.last_size = 0
        self.busy_until = 0.0

    @property
    def should_wait(self) -> bool:
        """Return True to wait for more events: several came just now, but not enough for a full batch."""
        return BUSY_BATCH_SIZE <= self.last_size < BATCH and monotonic() < self.busy_until

    def note(self, size: int) -> None:
        self.last_size, self.busy_until = size, monotonic() + BUSY_PERIOD_S


async def _process_batch(job: Job, name: str, effect: Effect, event_id: int, window: _BatchWindow) -> bool:
    """Handle the event and those waiting behind it in one batch. Returns False when a batch of several failed."""
    others: list[int] = []
    cause = request_id_var.get(), user_id_var.get()
    if window.should_wait:
        await asyncio.sleep(BATCH_WAIT_S)
    try:
        async with transaction() as session:
            # One batch at a time across all workers too, to keep the order of events.
            await lock(session, TASK_PREFIX + name)
            params = {"task": TASK_PREFIX + name, "most": BATCH - 1, "own_id": job.id}
            rows = (await session.execute(_FETCH_BATCH, params)).all()
            others = [row.event_id for row in rows]
            link_spans(row.traceparent or "" for row in rows)
            request_id_var.set(own_request_id(job))
            done = await _apply(session, name, effect, [event_id, *others])
        if done:
            window.note(done)
    except Exception as error:
        window.note(0)
        if not others:
            raise
        log.warning("consumer.batch_failed", consumer=name, events=len(others) + 1, error=type(error).__name__)
        async with transaction() as session:
            await wake_workers(session)
        request_id_var.set(cause[0])
        user_id_var.set(cause[1])
        return False
    note_consumed(name, done)
    return True


_CLAIM_EVENTS = text(
    f"""
    WITH fresh AS (
      INSERT INTO event_effects (consumer, event_id)
      SELECT :consumer, id FROM unnest(CAST(:ids AS bigint[])) AS given (id) GROUP BY id
      ON CONFLICT DO NOTHING RETURNING event_id
    )
    SELECT {EVENT_COLUMNS} FROM events JOIN fresh ON event_id = id ORDER BY id
    """  # noqa: S608
)


async def _apply(session: AsyncSession, name: str, effect: Effect, ids: list[int]) -> int:
    """Apply the effect to the events that were not handled before. Returns how many."""
    rows = await session.execute(_CLAIM_EVENTS, {"consumer": name, "ids": ids})
    events = [RecordedEvent(**row) for row in rows.mappings()]
    if events:
        _set_log_context(name, events)
        await effect(session, events)
    return len(events)


def _set_log_context(name: str, events: Sequence[RecordedEvent]) -> None:
    """Set the request id of the batch for the log.

    A batch of one request uses the id of that request. A batch of several keeps the id of the job, and a log line lists
    the request ids.
    """
    request_ids = {event.request_id for event in events}
    if len(request_ids) > 1:
        user_id_var.set(None)
        log.info("consumer.batch", consumer=name, events=len(events), request_ids=sorted(request_ids))
    elif events[0].request_id:
        request_id_var.set(events[0].request_id)
        user_id_var.set(events[0].actor_id)


_READ = text(f"SELECT {EVENT_COLUMNS} FROM events WHERE id = :id")  # noqa: S608


async def read_event(session: AsyncSession, event_id: int) -> RecordedEvent:
    """Read one event, for a job that a consumer enqueued about it."""
    return RecordedEvent(*(await session.execute(_READ, {"id": event_id})).one())


_READ_ALL = text(f"SELECT {EVENT_COLUMNS} FROM events WHERE id = ANY(:ids)")  # noqa: S608


async def read_events(session: AsyncSession, ids: Sequence[int]) -> dict[int, RecordedEvent]:
    """Read events by their ids."""
    rows = await session.execute(_READ_ALL, {"ids": list(ids)})
    return {row.id: RecordedEvent(*row) for row in rows}
