"""The checks of the console's own components. Each has a timeout.

`/health` runs those that decide whether the console can serve. The scheduled probe runs all and records the results.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any, TypeVar

from redis.exceptions import RedisError
from sqlalchemy import text

from tca_app.config.settings import get_settings
from tca_app.core.cache.redis import RedisRefused, ping_redis, redis_version
from tca_app.core.database.revisions import READ_SCHEMA, Schema, own_revision
from tca_app.core.database.session import reading
from tca_app.core.errors import AppError
from tca_app.core.plurals import counted
from tca_app.features.backup.schedule import last_backups
from tca_app.features.event_export.service import read_backlog
from tca_app.features.health import details
from tca_app.features.health.schemas import Check
from tca_app.features.jobs.schemas import QueueRead
from tca_app.features.jobs.service import count_queues

LIMIT_S = 2.0
HEAD_START_S = 0.25
MAX_LAG_S = 60.0
MAX_EXPORT_LAG_S = 180.0  # it runs each minute
MIN_FREE_DISK = 0.05
MAX_BACKUP_AGE = timedelta(hours=27)
T = TypeVar("T")


class NotInUse(Exception):
    """There is nothing to check: the settings leave this component out. The text says so."""


async def timed(check: Callable[[], Awaitable[Check]]) -> Check:
    """Runs a check and measures its own time. A check that times out is "down". Raises NotInUse."""
    # Not wait_for, which also waits until the check has handled its cancellation.
    checking = asyncio.ensure_future(_measured(check))
    done, _ = await asyncio.wait({checking}, timeout=LIMIT_S)
    if not done:
        checking.cancel()
        return Check(status="down", detail=details.TIMED_OUT.format(seconds=f"{LIMIT_S:g}"))
    return checking.result()


async def _measured(check: Callable[[], Awaitable[Check]]) -> Check:
    started = perf_counter()
    found = await check()
    return found.model_copy(update={"latency_ms": round((perf_counter() - started) * 1e3, 2)})


async def one_by_one(checks: Iterable[Callable[[], Coroutine[Any, Any, T]]], head_start_s: float) -> list[T]:
    """Runs the checks one after another in this order, so that no check adds to the latency of another.

    A slow check does not delay the rest: the next one starts after `head_start_s` at the latest.
    """
    running = []
    async with asyncio.TaskGroup() as group:
        for check in checks:
            running.append(group.create_task(check()))
            await asyncio.wait({running[-1]}, timeout=head_start_s)
    return [task.result() for task in running]


async def _database() -> Check:
    try:
        async with reading() as session:
            version = (await session.execute(text("SHOW server_version"))).scalar_one()
    except (AppError, OSError) as error:
        return Check(status="down", detail=details.POSTGRES_UNREACHABLE.format(error=type(error).__name__))
    return Check(status="ok", detail=details.VERSION.format(version=version.split()[0]))


async def _redis() -> Check:
    """Checks Redis. Without it the console works, only slower; a wrong password is a configuration error."""
    try:
        async with asyncio.timeout(LIMIT_S / 2):
            await ping_redis()
            version = await redis_version()
    except RedisRefused as refusal:
        return Check(status="down", detail=str(refusal))
    except (RedisError, OSError) as error:
        return Check(status="degraded", detail=details.REDIS_UNREACHABLE.format(error=type(error).__name__))
    return Check(status="ok", detail=details.VERSION.format(version=version) if version else details.RESPONDS)


async def _jobs() -> Check:
    """Checks the jobs. Late or dead jobs degrade the console; they do not take it down."""
    try:
        async with reading() as session:
            found = await count_queues(session)
    except (AppError, OSError) as error:
        return Check(status="degraded", detail=details.NO_QUEUES.format(error=type(error).__name__))
    waiting = sum(queue.waiting + queue.retrying for queue in found.queues)
    dead = sum(queue.dead for queue in found.queues)
    lag = max(queue.lag_seconds for queue in found.queues)
    if found.workers == 0 and waiting:
        return Check(status="degraded", detail=counted(waiting, details.NO_WORKER))
    detail = details.JOBS.format(waiting=waiting, dead=dead, lag=_late_by(lag))
    return Check(status="ok" if lag < MAX_LAG_S and not dead else "degraded", detail=detail)


async def _migrations() -> Check:
    """Checks that this version may use the schema, which is newer while a rolling upgrade is under way."""
    try:
        async with reading() as session:
            found = (await session.execute(READ_SCHEMA)).one_or_none()
    except (AppError, OSError):
        return Check(status="down", detail=details.NO_SCHEMA)
    schema, own = Schema(*found) if found else Schema(None), own_revision()
    if refusal := schema.refusal(own):
        return Check(status="down", detail=refusal)
    words = details.NEWER_REVISION if schema.is_newer(own) else details.REVISION
    return Check(status="ok", detail=words.format(revision=schema.revision, own=own))


async def _disk() -> Check:
    """Checks the free disk space. Without a DATA_DIR it checks the disk on which it would be created."""
    data_dir = get_settings().data_dir
    there = next(path for path in (data_dir, *data_dir.parents) if path.exists())
    usage = shutil.disk_usage(there)
    free = usage.free / usage.total
    detail = details.DISK.format(share=f"{100 * free:.0f}", size=f"{usage.total / 2**30:.0f}")
    return Check(status="ok" if free >= MIN_FREE_DISK else "degraded", detail=detail)


async def _mail() -> Check:
    """Checks that mails are sent. A mail with a bad address is a dead job and does not count here."""
    if not get_settings().has_mail:
        raise NotInUse(details.NO_MAIL)
    return await _queue("email_queue", details.MAILS)


async def _streams() -> Check:
    """Checks the streams, whose entries wait while Redis is unreachable."""
    return await _queue("stream_queue", details.ENTRIES)


async def _backup() -> Check:
    """Checks that the last scheduled backup succeeded, and is not older than a day and the time that it may take."""
    if not get_settings().backup_dir:
        raise NotInUse(details.NO_BACKUPS)
    try:
        async with reading() as session:
            last = await last_backups(session)
    except (AppError, OSError) as error:
        return Check(status="degraded", detail=details.BACKUPS_UNREADABLE.format(error=type(error).__name__))
    good = details.LAST_BACKUP.format(time=_minute(last.succeeded_at)) if last.succeeded_at else details.NO_BACKUP_YET
    if last.failed_at and (not last.succeeded_at or last.failed_at > last.succeeded_at):
        return Check(status="degraded", detail=details.BACKUP_FAILED.format(time=_minute(last.failed_at), last=good))
    is_late = not last.succeeded_at or datetime.now(UTC) - last.succeeded_at > MAX_BACKUP_AGE
    return Check(status="degraded" if is_late else "ok", detail=good)


async def _event_export() -> Check:
    """Checks that events reach EVENT_EXPORT_TARGET. They wait there for 30 days."""
    if not get_settings().event_export_target:
        raise NotInUse(details.NO_EXPORT)
    try:
        async with reading() as session:
            waiting = await read_backlog(session)
    except (AppError, OSError) as error:
        return Check(status="degraded", detail=details.EVENTS_UNREADABLE.format(error=type(error).__name__))
    is_late = waiting.lag_s >= MAX_EXPORT_LAG_S
    detail = counted(waiting.events, details.EVENTS, lag=_late_by(waiting.lag_s))
    return Check(status="degraded" if is_late else "ok", detail=detail if waiting.events else details.EMPTY)


async def _queue(name: str, words: details.QueueWords) -> Check:
    try:
        async with reading() as session:
            found = next(queue for queue in (await count_queues(session)).queues if queue.name == name)
    except (AppError, OSError) as error:
        return Check(status="degraded", detail=details.NO_QUEUE.format(error=type(error).__name__))
    return _of_queue(found, words)


def _late_by(seconds: float) -> str:
    return details.BEHIND.format(seconds=f"{seconds:.0f}") if seconds >= 1 else details.NO_LAG


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _of_queue(queue: QueueRead, words: details.QueueWords) -> Check:
    if queue.retrying:
        return Check(status="degraded", detail=counted(queue.retrying, words.failed))
    is_late = queue.lag_seconds >= MAX_LAG_S
    waiting = counted(queue.waiting, words.waiting, lag=_late_by(queue.lag_seconds))
    detail = waiting if queue.waiting else details.EMPTY
    return Check(status="degraded" if is_late else "ok", detail=detail)


# Maps names to checks. `SERVING` are the checks of `/health`.
PARTS: dict[str, Callable[[], Awaitable[Check]]] = {
    "database": _database,
    "redis": _redis,
    "jobs": _jobs,
    "migrations": _migrations,
    "disk": _disk,
    "mail": _mail,
    "streams": _streams,
    "backup": _backup,
    "event_export": _event_export,
}
SERVING = ("database", "redis", "jobs", "migrations", "disk")
