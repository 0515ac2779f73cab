"""The job workers of a process: one per queue, with wake-ups that are never lost and takeover from dead workers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from procrastinate import JobContext, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.worker import Worker
from psycopg_pool import PoolTimeout
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.core.cache.local import EVERYTHING, JOBS_CHANNEL, subscribe
from tca_app.core.database.connection import Connection
from tca_app.core.database.session import reading
from tca_app.core.jobs.queue import MAINTENANCE_QUEUE, QUEUE_NAMES, QUEUES, Unreachable, jobs, schedule, task
from tca_app.core.live.subscriptions import SCREEN_PRIORITY
from tca_app.core.telemetry.error_reporting import report

log = structlog.get_logger(__name__)

POLL_S = 5.0  # only a fallback; notifications wake the workers
SHUTDOWN_TIMEOUT_S = 10.0  # shutdown timeout for running jobs
RETRY_START_S = 1.0
DATABASE_LOST = (ConnectorException, PoolTimeout, OSError)


@task("unknown_job", MAINTENANCE_QUEUE)
async def _unknown_job(_job: Job, name: str) -> None:
    raise Unreachable(f"this version has no job {name}; a worker of the version that enqueued it does it")


class AttentiveWorker(Worker):
    """A procrastinate worker that never loses a wake-up, no job of a newer version and no outcome.

    procrastinate (3.10) clears its wake-up flag after it found no job, even if the notification came after its query
    had begun; the job then waits for the next poll. This worker fetches again in that case. A job that the worker does
    not know, as in a rolling upgrade, would be dead at once; here it is retried. A job whose outcome could not be
    stored would belong to this worker for as long as it lives; here the worker ends, and the job is taken over.
    """

    async def run(self) -> None:
        await super().run()  # type: ignore[no-untyped-call]

    def wake(self) -> None:
        """Tell the worker that there may be a job."""
        self._is_woken = True
        self._new_job_event.set()

    async def _fetch_and_process_jobs(self) -> None:
        self._is_woken = True
        while self._is_woken and not self._stop_event.is_set():
            await SCREEN_PRIORITY.wait()
            self._is_woken = False
            await super()._fetch_and_process_jobs()  # type: ignore[no-untyped-call]

    async def _process_job(self, context: JobContext) -> None:
        job = context.job
        if job.task_name not in self.app.tasks:
            values = {"cause": job.task_kwargs.get("cause"), "name": job.task_name}
            context = context.evolve(job=job.evolve(task_name="unknown_job", task_kwargs=values))
        try:
            await super()._process_job(context)
        except DATABASE_LOST as error:
            log.warning("job.outcome_not_stored", job=job.id, task=job.task_name, error=type(error).__name__)
            self.stop()  # type: ignore[no-untyped-call]


async def work(queues: list[str] | None = None, *, until_empty: bool = False) -> None:
    """Run jobs until cancelled, or with `until_empty` until none is left. It survives the loss of the database.

    `core.cache.local.listen(jobs=True)` in the same process wakes it; without that it polls every five seconds.
    """
    while True:
        try:
            async with _opened():
                if until_empty:
                    await _run(queues)
                else:
                    await _run_for_ever(queues or QUEUE_NAMES)
        except DATABASE_LOST as error:
            log.warning("job.worker_lost_database", error=type(error).__name__)
        except Exception as error:
            if until_empty:
                raise
            # A bug in the console or the library. It restarts, because without a worker no event has any effect.
            log.exception("job.worker_failed")
            report(error, "job", "worker")
        if (current := asyncio.current_task()) and current.cancelling():
            # Closing the pool waits with `wait_for`, which in Python 3.11 may lose a cancellation.
            raise asyncio.CancelledError
        if not until_empty:
            await asyncio.sleep(RETRY_START_S)
        elif not await _is_any_due():
            return


_DUE = text(
    "SELECT FROM procrastinate_jobs WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now()) LIMIT 1"
)


async def _is_any_due() -> bool:
    """Return True if any job is due. A worker may have skipped jobs locked by a batch that has failed since."""
    async with reading() as session:
        return (await session.execute(_DUE)).first() is not None


@asynccontextmanager
async def _opened() -> AsyncIterator[None]:
    """Open a new connector for each attempt, because procrastinate's cannot be opened twice."""
    connector = PsycopgConnector(
        conninfo=get_settings().database_url.get_secret_value(),
        min_size=1,
        max_size=2 * len(QUEUES),
        connection_class=Connection,
        timeout=5,
        kwargs={"application_name": "tca_app jobs"},
    )
    with jobs.replace_connector(connector):
        async with jobs.open_async():
            yield


async def _run(queues: list[str] | None) -> None:
    """Run until the queues are empty, without enqueuing periodic jobs."""
    jobs.periodic_registry.periodic_tasks = {}
    options = _options() | {"queues": queues, "concurrency": 4}
    await AttentiveWorker(app=jobs, **options, wait=False).run()


async def _run_for_ever(queues: Sequence[str]) -> None:
    jobs.periodic_registry.periodic_tasks = dict(schedule)
    workers = {
        name: AttentiveWorker(app=jobs, **_options(), queues=[name], concurrency=QUEUES[name]) for name in queues
    }

    def wake(queue: str) -> None:
        for name, worker in workers.items():
            if queue in (name, EVERYTHING):
                worker.wake()

    unsubscribe = subscribe(wake, JOBS_CHANNEL)
    running = [asyncio.create_task(work) for work in (*(worker.run() for worker in workers.values()), _take_over())]
    try:
        # A worker that ends on its own has lost its connection; then all restart.
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        unsubscribe()
        # Stop and cancel: a starting worker may lose a cancellation, and only a cancellation ends its waiting.
        for worker in workers.values():
            worker.stop()  # type: ignore[no-untyped-call]
        for task in running:
            task.cancel()
        ended = await asyncio.gather(*running, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error


def _options() -> dict[str, Any]:
    takeover = get_settings().job_takeover_seconds
    return {
        "listen_notify": False,
        "fetch_job_polling_interval": POLL_S,
        "update_heartbeat_interval": takeover / 4,
        "stalled_worker_timeout": takeover,
        "shutdown_graceful_timeout": SHUTDOWN_TIMEOUT_S,
        "install_signal_handlers": False,
        "delete_jobs": "successful",
    }


async def _take_over() -> None:
    """Requeue the jobs of workers without a heartbeat, even when no new job arrives."""
    takeover = get_settings().job_takeover_seconds
    while True:
        for job in await jobs.job_manager.get_stalled_jobs(seconds_since_heartbeat=takeover):
            log.warning("job.taken_over", job=job.id, task=job.task_name)
            await jobs.job_manager.retry_job(job)
        await asyncio.sleep(takeover / 4)
