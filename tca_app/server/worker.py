"""The job worker: imports all jobs and consumers, and runs them as a process or a task."""

import asyncio
import signal

from tca_app.consumers import (
    analytics,
    digest,
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
from tca_app.core.cache.redis import close_redis
from tca_app.core.database.session import close_db
from tca_app.core.jobs.worker import work
from tca_app.core.outgoing.http import close_http
from tca_app.core.telemetry.error_reporting import close_reports, start_reports
from tca_app.core.telemetry.log import setup_logging

# Importing these modules registers their jobs; the tuple keeps the imports from looking unused.
CONSUMERS = (analytics, notifications, streams, webhooks, mail, slack, services, digest, maintenance, health)
__all__ = ["CONSUMERS", "run_worker", "work"]


async def run_worker(queues: list[str] | None = None) -> None:
    """Run jobs until SIGINT or SIGTERM, then let the running ones finish."""
    setup_logging()
    start_reports()
    working, listening = asyncio.create_task(work(queues)), asyncio.create_task(listen(jobs=True))
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, working.cancel)
    await asyncio.gather(working, return_exceptions=True)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await close_http()
    await close_db()
    await close_redis()
    await close_reports()
