"""Runs the due health checks every minute, once across all workers, and stores the results."""

from datetime import UTC, datetime

import structlog

from tca_app.core.database.session import transaction
from tca_app.core.jobs.queue import HEALTH_QUEUE, periodic
from tca_app.features.health.probing.checks import sync_checks
from tca_app.features.health.probing.probes import probe_all
from tca_app.features.health.probing.runs import claim_due, minute_of, store_results

log = structlog.get_logger(__name__)


@periodic("probe_health", "* * * * *", HEALTH_QUEUE)
async def probe_health() -> None:
    await probe_round(datetime.now(UTC))


async def probe_round(now: datetime) -> int:
    """Run the checks due at `now` and return how many. No lock or connection is held during the probes."""
    at, asked = minute_of(now), 0
    async with transaction() as session:
        await sync_checks(session, at)
    while True:
        async with transaction() as session:
            due = await claim_due(session, at)
        if not due:
            return asked
        results = await probe_all(due)
        async with transaction() as session:
            await store_results(session, at, results)
        asked += len(due)
        log.info("health.probed", checks=len(results), failing=sum(not result.ok for result in results))
