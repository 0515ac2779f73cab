"""Keeps what a process has read into its memory as current as the database."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from tca_app.core.cache.local import EVERYTHING, seconds_disconnected, subscribe
from tca_app.core.errors import AppError

log = structlog.get_logger(__name__)
POLL_S = 3.0  # while change notifications do not arrive
Read = Callable[[], Awaitable[None]]


async def read_or_log(what: str, read: Read) -> None:
    """Read, or log that it failed: then `follow` reads later."""
    try:
        await read()
    except (AppError, OSError) as error:
        log.warning(f"{what}.not_refreshed", error=type(error).__name__)


async def follow(topic: str, read: Read) -> None:
    """Read after each change of `topic`, until cancelled. While notifications do not arrive, read every 3 seconds."""
    changed = asyncio.Event()
    stop = subscribe(lambda name: changed.set() if name in (topic, EVERYTHING) else None)
    try:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await changed.wait()
            if changed.is_set() or seconds_disconnected():
                changed.clear()
                await read_or_log(topic, read)
    finally:
        stop()
