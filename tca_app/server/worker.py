"""The job worker: imports all jobs and consumers, and runs them as a process or a task."""

import asyncio

from tca_app.consumers import (
    analytics,
    backup,
    digest,
    event_export,
    health,
    mail,
    maintenance,
    notifications,
    services,
    slack,
    streams,
    webhooks,
)
from tca_app.core.cache.local import listen
from tca_app.core.jobs.worker import work
from tca_app.features.instance import service as instance
from tca_app.server.lifespan import on_stop, running

# Importing these modules registers their jobs; the tuple keeps the imports from looking unused.
CONSUMERS = (
    analytics,
    notifications,
    streams,
    webhooks,
    mail,
    slack,
    services,
    digest,
    maintenance,
    backup,
    health,
    event_export,
)


async def run_jobs(queues: list[str] | None = None, *, until_empty: bool = False) -> None:
    """Run the jobs of these queues until cancelled, or with `until_empty` until none is left."""
    await work(queues, until_empty=until_empty)


async def run_worker(queues: list[str] | None = None) -> None:
    """Run jobs until SIGINT or SIGTERM, then let the running ones finish."""
    stopped = asyncio.Event()
    on_stop(stopped.set)
    await instance.refresh_or_log()  # before the first mail
    async with running(listen(jobs=True), instance.keep_current(), run_jobs(queues)):
        await stopped.wait()
