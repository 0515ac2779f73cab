"""The current health of the console, for `/health`. Concurrent callers share one check."""

import asyncio
from datetime import UTC, datetime
from functools import lru_cache, partial
from time import monotonic

from tca_app.config.settings import VERSION
from tca_app.core.telemetry.sampling import SampledLog
from tca_app.features.health.internal_checks import HEAD_START_S, PARTS, SERVING, one_by_one, timed
from tca_app.features.health.schemas import Check, HealthRead, Status

sampled = SampledLog(__name__)

TTL_S = 1.0
NEEDED = ("database", "migrations", "redis")  # an unreachable Redis is degraded, never down


class _Kept:
    """The last result, and the check that may be running."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.until = 0.0
        self.answer: HealthRead | None = None


@lru_cache(maxsize=1)
def _kept() -> _Kept:
    return _Kept()


async def health() -> HealthRead:
    """Returns all checks, at most one second old. "down" without PostgreSQL, its schema or the right password for
    Redis; "degraded" when another check fails."""
    kept = _kept()
    async with kept.lock:
        if kept.answer is None or monotonic() > kept.until:
            kept.answer = await _check_all()
            kept.until = monotonic() + TTL_S
        return kept.answer


async def _ask(name: str) -> Check:
    try:
        return await timed(PARTS[name])
    except Exception as error:
        # A bug in one check must not hide the results of the others.
        sampled.warning("health.check_failed", check=name, exc_info=True)
        return Check(status="down", detail=f"the check itself failed ({type(error).__name__})")


async def _check_all() -> HealthRead:
    results = await one_by_one([partial(_ask, name) for name in SERVING], HEAD_START_S)
    checks = dict(zip(SERVING, results, strict=True))
    for name, check in checks.items():
        if check.status == "down":  # strangers see no details, and without PostgreSQL nobody can be signed in
            sampled.warning(f"health.{name}_down", detail=check.detail)
    status: Status = "ok"
    if any(check.status != "ok" for check in checks.values()):
        status = "degraded"
    if "down" in (checks[name].status for name in NEEDED):
        status = "down"
    return HealthRead(status=status, version=VERSION, checks=checks, as_of=datetime.now(UTC))
