"""Jobs: procrastinate's queues in the same PostgreSQL, with the console's own retry policy.

A job is enqueued in the transaction that causes it and runs at least once. Its database effect and the record of it
share one transaction (`core.events.consumers`), so a second run changes nothing.
"""

import random
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import wraps
from time import perf_counter
from typing import Any

import structlog
from procrastinate import App, JobContext, PsycopgConnector, RetryDecision
from procrastinate.jobs import Job
from procrastinate.periodic import PeriodicTask
from procrastinate.retry import BaseRetryStrategy
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.cache.local import EVERYTHING, JOBS_CHANNEL
from tca_app.core.database.session import transaction
from tca_app.core.errors import AppError
from tca_app.core.telemetry.error_reporting import report
from tca_app.core.telemetry.log import request_id_var, user_id_var
from tca_app.core.telemetry.metrics import note_job, running_job
from tca_app.core.telemetry.redaction import excerpt
from tca_app.core.telemetry.tracing import Span, root_span, trace_headers

log = structlog.get_logger(__name__)

MAINTENANCE_QUEUE = "maintenance_queue"
HEALTH_QUEUE = "health_queue"
SUBSCRIBER_QUEUE = "subscriber_queue"
# Queue name to its concurrency. Each queue has its own worker, so that no queue blocks another. Queues whose jobs are
# batched run one at a time; queues that wait for a mail server or another service run more.
QUEUES = {
    "email_queue": 4,
    SUBSCRIBER_QUEUE: 2,
    "notification_queue": 1,
    "analytics_queue": 1,
    "webhook_queue": 1,
    "stream_queue": 1,
    "delivery_queue": 8,
    MAINTENANCE_QUEUE: 2,  # a long backup holds nothing up
    HEALTH_QUEUE: 1,
}
QUEUE_NAMES = tuple(QUEUES)
MAX_ATTEMPTS = 10
MAX_ATTEMPTS_UNREACHABLE = 42  # at least 24 hours with the waits below, 28 on average
FIRST_WAIT_S = 5.0  # workers poll for due jobs every 5 s, so a shorter wait has no effect
MAX_WAIT_S = 3600.0
MAX_WAIT_FOREVER_S = 300.0


class ExpectedFailure(Exception):
    """An expected failure; its message is stored as the reason. Any other exception is a bug and is reported."""


class PermanentFailure(ExpectedFailure):
    """A failure that a retry cannot fix: the job is dead at once, with this reason."""


class RetryForever(ExpectedFailure):
    """A dependency is unavailable: the job is retried until it is back."""


class Unreachable(ExpectedFailure):
    """A third-party server cannot be reached or cannot answer now: the job is retried for at least a day."""


class RetryAfter(Unreachable):
    """The server asked to retry later: not before `after_s` seconds."""

    def __init__(self, reason: str, after_s: float) -> None:
        super().__init__(reason)
        self.after_s = after_s


class Backoff(BaseRetryStrategy):
    """Retry policy: waits double from 5 seconds to an hour. A job is dead after 10 attempts, or 42 when unreachable."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if is_last(exception, job):
            return None
        wait = wait_s(job.attempts)
        if isinstance(exception, RetryForever):
            wait = min(wait, MAX_WAIT_FOREVER_S)
        if isinstance(exception, RetryAfter):
            wait = max(wait, exception.after_s)
        return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=wait))


def wait_s(attempts: int) -> float:
    """Return the seconds until the next attempt, after `attempts` before the one that just failed.

    Jitter of up to a quarter keeps jobs that failed together from retrying together.
    """
    return min(FIRST_WAIT_S * 2.0 ** min(attempts, 20), MAX_WAIT_S) * random.uniform(0.75, 1)  # noqa: S311


def is_last(error: BaseException, job: Job) -> bool:
    """Return True if this failure leaves the job dead."""
    if isinstance(error, PermanentFailure | RetryForever):
        return isinstance(error, PermanentFailure)
    return job.attempts + 1 >= (MAX_ATTEMPTS_UNREACHABLE if isinstance(error, Unreachable) else MAX_ATTEMPTS)


jobs = App(connector=PsycopgConnector())
Work = Callable[..., Coroutine[Any, Any, None]]
MaintenanceJob = Callable[[], Coroutine[Any, Any, None]]


def task(name: str, queue: str) -> Callable[[Work], Work]:
    """Register `async def work(job, **args)` as a kind of job. A failed attempt is recorded with its reason."""

    def decorate(work: Work) -> Work:
        @wraps(work)
        async def attempt(context: JobContext, cause: dict[str, Any] | None = None, **args: object) -> None:
            job = context.job
            _set_log_context(job, cause or {})
            with _job_span(job, cause or {}):
                await _attempt(job, name, work, args)

        jobs.task(name=name, queue=queue, retry=Backoff(), pass_context=True)(attempt)  # type: ignore[arg-type]
        return work

    return decorate


async def _attempt(job: Job, name: str, work: Work, args: dict[str, Any]) -> None:
    started = perf_counter()
    try:
        with running_job(name):
            await work(job, **args)
    except Exception as error:
        dead = is_last(error, job)
        note_job(name, "dead" if dead else "retried", perf_counter() - started)
        if dead or (job.attempts == 0 and not isinstance(error, ExpectedFailure | AppError)):
            report(error, "job", name)
        await _note_failure(job, error)
        raise
    took = perf_counter() - started
    note_job(name, "done", took)
    log.info("job.done", job=job.id, task=name, ms=round(took * 1e3, 1))


schedule: dict[tuple[str, str], PeriodicTask[Any, Any, Any]] = {}


def periodic(name: str, cron: str, queue: str = MAINTENANCE_QUEUE) -> Callable[[MaintenanceJob], MaintenanceJob]:
    """Schedule `async def work()` at the times of `cron` (UTC), once across all workers.

    A run that is more than ten minutes late, because no worker was alive, is skipped. Work that must not be missed is
    therefore scheduled hourly.
    """

    def decorate(work: MaintenanceJob) -> MaintenanceJob:
        async def attempt(_job: Job, timestamp: int) -> None:
            await work()

        task(name, queue)(attempt)
        schedule[name, ""] = PeriodicTask(jobs.tasks[name], cron, "", {})
        return work

    return decorate


def _set_log_context(job: Job, cause: dict[str, Any]) -> None:
    """Set the request id and the user of the job's cause, or the job's own id when it has none."""
    request_id_var.set(cause.get("request_id") or own_request_id(job))
    user_id_var.set(cause.get("user_id"))


def _job_span(job: Job, cause: dict[str, Any]) -> AbstractContextManager[Span]:
    """Open the span of an attempt, in the trace of what enqueued the job."""
    attributes: dict[str, str | int] = {"tca.job.id": job.id or 0, "tca.job.attempt": job.attempts + 1}
    attributes |= {"tca.task": job.task_name, "tca.request_id": request_id_var.get()}
    return root_span(f"job {job.task_name}", "consumer", attributes, str(cause.get("traceparent") or ""))


def own_request_id(job: Job) -> str:
    return f"job-{job.id}"


def _cause() -> dict[str, Any]:
    """Return the current user, request id and span, for when the job runs."""
    return {"request_id": request_id_var.get(), "user_id": user_id_var.get(), **trace_headers()}


_NOTE_FAILURE = text(
    "INSERT INTO job_failures (job_id, attempt, error) VALUES (:job_id, :attempt, :error) ON CONFLICT DO NOTHING"
)


async def _note_failure(job: Job, error: Exception) -> None:
    # The error text of a library may contain a URL with its password.
    said = str(error) if isinstance(error, ExpectedFailure) else f"{type(error).__name__}: {error}"
    reason = excerpt(said).replace("\x00", "").encode(errors="replace").decode()
    log.warning("job.failed", job=job.id, task=job.task_name, attempt=job.attempts + 1, reason=reason)
    async with transaction() as session:
        await session.execute(_NOTE_FAILURE, {"job_id": job.id, "attempt": job.attempts + 1, "error": reason})


# `scheduled_at` is always set, because it tells how long a job has been waiting.
_DEFER = text(
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(:queue, :task, 0, NULL, NULL, :args, "
    "now() + make_interval(secs => :after_s))::procrastinate_job_to_defer_v1])"
).bindparams(bindparam("args", type_=JSONB))


async def enqueue(session: AsyncSession, name: str, after_s: float = 0.0, **args: object) -> None:
    """Enqueue a job in the transaction of `session`, to run `after_s` seconds later at the earliest."""
    job_args = {"cause": _cause(), **args}
    values = {"queue": jobs.tasks[name].queue, "task": name, "args": job_args, "after_s": after_s}
    await session.execute(_DEFER, values)


_DEFER_MANY = text(
    "SELECT procrastinate_defer_jobs_v1(array_agg(ROW(:queue, :task, 0, NULL, NULL, args, now())"
    "::procrastinate_job_to_defer_v1)) FROM jsonb_array_elements(:rows) AS args"
).bindparams(bindparam("rows", type_=JSONB))


async def enqueue_many(session: AsyncSession, name: str, rows: list[dict[str, Any]]) -> None:
    """Enqueue one job for each row of arguments, in one statement. A row may set its own `cause`."""
    if rows:
        cause = _cause()
        with_cause = [{**row, "cause": cause | row.get("cause", {})} for row in rows]
        await session.execute(_DEFER_MANY, {"queue": jobs.tasks[name].queue, "task": name, "rows": with_cause})


_WAKE = text(f"SELECT pg_notify('{JOBS_CHANNEL}', '{EVERYTHING}')")


async def wake_workers(session: AsyncSession) -> None:
    """Wake the workers at commit instead of at their next poll, after jobs became available again."""
    await session.execute(_WAKE)
