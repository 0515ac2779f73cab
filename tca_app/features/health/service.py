"""Real checks of the parts that the console stands on. None of them hangs, and a crowd of callers makes one check."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from time import monotonic, perf_counter

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from tca_app.config import VERSION, get_settings
from tca_app.core.db import reading
from tca_app.core.errors import AppError
from tca_app.core.redis import RedisError, get_redis
from tca_app.features.health.schemas import Check, HealthRead, Status
from tca_app.features.jobs.service import count_queues

LIMIT_S = 2.0
MOST_LAG_S = 60.0
KEPT_S = 1.0
MIN_FREE_DISK = 0.05
ROOT = Path(__file__).resolve().parents[3]


class _Kept:
    """The last answer and the one check that may be under way."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.until = 0.0
        self.answer: HealthRead | None = None


@lru_cache(maxsize=1)
def _kept() -> _Kept:
    return _Kept()


async def health() -> HealthRead:
    """All checks, at most one second old. "down" without PostgreSQL, "degraded" when another part fails."""
    kept = _kept()
    async with kept.lock:
        if kept.answer is None or monotonic() > kept.until:
            kept.answer = await _check_all()
            kept.until = monotonic() + KEPT_S
        return kept.answer


async def _check_all() -> HealthRead:
    names = {"database": _database, "redis": _redis, "jobs": _jobs, "migrations": _migrations, "disk": _disk}
    results = await asyncio.gather(*(_timed(check) for check in names.values()))
    checks = dict(zip(names, results, strict=True))
    status: Status = "ok"
    if any(check.status != "ok" for check in checks.values()):
        status = "degraded"
    if "down" in (checks["database"].status, checks["migrations"].status):
        status = "down"
    return HealthRead(status=status, version=VERSION, checks=checks, as_of=datetime.now(UTC))


async def _timed(check: Callable[[], Awaitable[Check]]) -> Check:
    started = perf_counter()
    # Not wait_for: it waits until the check is cancelled, which a driver may take ten seconds for.
    checking = asyncio.ensure_future(check())
    done, _ = await asyncio.wait({checking}, timeout=LIMIT_S)
    if not done:
        checking.cancel()
        return Check(status="down", detail=f"no answer within {LIMIT_S:g} s")
    return checking.result().model_copy(update={"latency_ms": round((perf_counter() - started) * 1e3, 2)})


async def _database() -> Check:
    try:
        async with reading() as session:
            version = (await session.execute(text("SHOW server_version"))).scalar_one()
    except (AppError, OSError) as error:
        return Check(status="down", detail=f"PostgreSQL is not reachable ({type(error).__name__})")
    return Check(status="ok", detail=f"PostgreSQL {version.split()[0]}")


async def _redis() -> Check:
    try:
        await get_redis().ping()
    except (RedisError, OSError) as error:
        return Check(status="degraded", detail=f"Redis is not reachable ({type(error).__name__}); working without it")
    return Check(status="ok", detail="Redis")


async def _jobs() -> Check:
    """Late or dead jobs make the console worse, not useless."""
    try:
        async with reading() as session:
            found = await count_queues(session)
    except (AppError, OSError) as error:
        return Check(status="degraded", detail=f"the queues cannot be read ({type(error).__name__})")
    waiting = sum(queue.waiting + queue.retrying for queue in found.queues)
    dead = sum(queue.dead for queue in found.queues)
    lag = max(queue.lag_seconds for queue in found.queues)
    if found.workers == 0 and waiting:
        return Check(status="degraded", detail=f"no worker is alive; {waiting} jobs wait")
    detail = f"{waiting} waiting, {dead} dead, {lag:.0f} s behind"
    return Check(status="ok" if lag < MOST_LAG_S and not dead else "degraded", detail=detail)


async def _migrations() -> Check:
    try:
        async with reading() as session:
            current = (await session.execute(text("SELECT version_num FROM alembic_version"))).scalar()
    except (AppError, OSError):
        return Check(status="down", detail="the schema's version cannot be read")
    if current != _head():
        return Check(status="down", detail=f"the schema is at {current}, this version needs {_head()}")
    return Check(status="ok", detail=f"schema {current}")


async def _disk() -> Check:
    usage = shutil.disk_usage(get_settings().data_dir)
    free = usage.free / usage.total
    detail = f"{free:.0%} of {usage.total / 2**30:.0f} GiB free"
    return Check(status="ok" if free >= MIN_FREE_DISK else "degraded", detail=detail)


@lru_cache(maxsize=1)
def _head() -> str | None:
    return ScriptDirectory.from_config(Config(str(ROOT / "alembic.ini"))).get_current_head()
