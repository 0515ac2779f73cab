"""The job worker: imports all jobs and consumers, and runs them as a process or a task."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module

from granian.constants import Interfaces
from granian.server.embed import Server

from tca_app.config.settings import get_settings
from tca_app.consumers import (
    analytics,
    backup,
    digest,
    event_export,
    health,
    imports,
    mail,
    maintenance,
    notifications,
    services,
    slack,
    streams,
    subscribers,
    webhooks,
)
from tca_app.core.cache.local import listen
from tca_app.core.jobs.worker import work
from tca_app.features.instance import service as instance
from tca_app.server.lifespan import on_stop, running

STOP_TIMEOUT_S = 2.0  # for probes in progress

# Importing these modules registers their jobs; the tuple keeps the imports from looking unused.
CONSUMERS = (
    analytics,
    notifications,
    streams,
    subscribers,
    webhooks,
    mail,
    slack,
    services,
    digest,
    maintenance,
    backup,
    health,
    event_export,
    imports,
)


async def run_jobs(queues: list[str] | None = None, *, until_empty: bool = False) -> None:
    """Run the jobs of these queues until cancelled, or with `until_empty` until none is left."""
    await work(queues, until_empty=until_empty)


async def run_worker(queues: list[str] | None = None) -> None:
    """Run jobs until SIGINT or SIGTERM, then let the running ones finish."""
    stopped = asyncio.Event()
    on_stop(stopped.set)
    await instance.refresh_or_log()  # before the first mail
    async with running(listen(jobs=True), instance.keep_current(), run_jobs(queues)), answering():
        await stopped.wait()


@asynccontextmanager
async def answering() -> AsyncIterator[None]:
    """Answer probes and Prometheus at WORKER_PORT, if it is set."""
    settings = get_settings()
    if not settings.worker_port:
        yield
        return
    app = import_module("tca_app.server.worker_app").app()  # imports FastAPI, which a worker otherwise does without
    server = Server(app, settings.host, settings.worker_port, interface=Interfaces.ASGI, log_enabled=False)
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.stop()  # type: ignore[no-untyped-call]
        with suppress(TimeoutError):
            await asyncio.wait_for(serving, STOP_TIMEOUT_S)
