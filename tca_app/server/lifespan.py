"""Start and stop of every process: logs, error reports, background tasks, signals and the event loop."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import uvloop

from tca_app.core.cache.redis import close_redis
from tca_app.core.database.session import close_db
from tca_app.core.outgoing.http import close_http
from tca_app.core.telemetry.error_reporting import close_reports, start_reports
from tca_app.core.telemetry.log import setup_logging
from tca_app.core.telemetry.tracing import close_tracing, start_tracing

LEFT_SECONDS = 3


@asynccontextmanager
async def running(*background: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run the background tasks of a process. At the end they are cancelled, and all connections are closed."""
    setup_logging()
    start_reports()
    start_tracing()
    tasks = [asyncio.create_task(work) for work in background]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await close_http()
    await close_db()
    await close_redis()
    await close_reports()
    await close_tracing()


def on_stop(stop: Callable[[], None]) -> None:
    """Call `stop` at SIGINT or SIGTERM."""
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop)


def run_to_the_end(process: Coroutine[Any, Any, None]) -> None:
    """Run a process, then cancel its remaining tasks and wait for them, for a bounded time.

    `asyncio.run` would wait forever: a send through granian to a browser that stopped reading cannot be cancelled.
    """
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(process)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=LEFT_SECONDS))
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()
