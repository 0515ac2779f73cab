"""The workers of a process: one for each queue, none of whose wake-ups is lost, and the end of what dead ones had."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker
from psycopg_pool import PoolTimeout
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.core.cache.local import EVERYTHING, JOBS_CHANNEL, hear
from tca_app.core.database.connection import Connection
from tca_app.core.database.session import reading
from tca_app.core.jobs.queue import QUEUE_NAMES, QUEUES, jobs, schedule
from tca_app.core.live.subscriptions import SCREEN_PRIORITY
from tca_app.core.telemetry.error_reporting import report

log = structlog.get_logger(__name__)

POLL_S = 5.0  # only a net below the notices
END_S = 10.0  # for jobs that run when the end is asked for
RETRY_START_S = 1.0


class _Counted(asyncio.Event):
    """An event that knows how often it was set."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def set(self) -> None:
        self.times += 1
        super().set()


class AttentiveWorker(Worker):
    """After it has looked for a job in vain, procrastinate (3.10) forgets that it was told of one, although the notice
    may have come after its query had begun: then the job waits for the next poll. This one looks again in that case.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._new_job_event: _Counted = _Counted()

    async def run(self) -> None:
        await super().run()  # type: ignore[no-untyped-call]

    def wake(self) -> None:
        """There may be a job."""
        self._new_job_event.set()

    async def _fetch_and_process_jobs(self) -> None:
        heard = -1
        while heard != self._new_job_event.times and not self._stop_event.is_set():
            await SCREEN_PRIORITY.wait()
            heard = self._new_job_event.times
            await super()._fetch_and_process_jobs()  # type: ignore[no-untyped-call]


async def work(queues: list[str] | None = None, *, until_empty: bool = False) -> None:
    """Do jobs until cancelled, or until there are none left; survives the loss of the database.

    What wakes it is `core.changes.listen(jobs=True)` in the same process; without that it looks every five seconds.
    """
    while True:
        try:
            async with _opened():
                if until_empty:
                    await _run(queues)
                else:
                    await _run_for_ever(queues or QUEUE_NAMES)
        except (ConnectorException, PoolTimeout, OSError) as error:
            log.warning("job.worker_lost_database", error=type(error).__name__)
        except Exception as error:
            if until_empty:
                raise
            # A fault of ours or of the library. Without a worker nobody would ever hear of anything, so it begins anew.
            log.exception("job.worker_failed")
            report(error, "job", "worker")
        if not until_empty:
            await asyncio.sleep(RETRY_START_S)
        elif not await _is_any_due():
            return


_DUE = text(
    "SELECT FROM procrastinate_jobs WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now()) LIMIT 1"
)


async def _is_any_due() -> bool:
    """A worker also stops at jobs that a batch holds just then; they are free again when it failed."""
    async with reading() as session:
        return (await session.execute(_DUE)).first() is not None


@asynccontextmanager
async def _opened() -> AsyncIterator[None]:
    """A connector of its own for each attempt: procrastinate's cannot be opened twice."""
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
    """Until the queues are empty. Nothing new comes into them by the clock."""
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

    end_hearing = hear(wake, JOBS_CHANNEL)
    running = [asyncio.create_task(work) for work in (*(worker.run() for worker in workers.values()), _take_over())]
    try:
        # One that ends by itself has lost its connection: all begin anew.
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        end_hearing()
        # Both: a worker that is just starting may lose a cancellation, and only a cancellation ends what it waits for.
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
        "shutdown_graceful_timeout": END_S,
        "install_signal_handlers": False,
        "delete_jobs": "successful",
    }


async def _take_over() -> None:
    """Give the jobs of workers whose heart stopped to the living, also when there is no new job."""
    takeover = get_settings().job_takeover_seconds
    while True:
        for job in await jobs.job_manager.get_stalled_jobs(seconds_since_heartbeat=takeover):
            log.warning("job.taken_over", job=job.id, task=job.task_name)
            await jobs.job_manager.retry_job(job)
        await asyncio.sleep(takeover / 4)
