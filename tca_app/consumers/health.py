"""The clock of health: every minute what is due is asked, once across all workers, and remembered."""

from datetime import UTC, datetime

import structlog

from tca_app.core.database.session import transaction
from tca_app.core.jobs.queue import HEALTH_QUEUE, periodic
from tca_app.features.health.probing.checks import sync_checks
from tca_app.features.health.probing.probes import probe_all
from tca_app.features.health.probing.runs import claim_due, keep, minute_of

log = structlog.get_logger(__name__)


@periodic("probe_health", "* * * * *", HEALTH_QUEUE)
async def probe_health() -> None:
    await probe_round(datetime.now(UTC))


async def probe_round(now: datetime) -> int:
    """Ask all that is due at `now`; how many. Nothing is locked and no connection held while others are waited for."""
    at, asked = minute_of(now), 0
    async with transaction() as session:
        await sync_checks(session, at)
    while True:
        async with transaction() as session:
            due = await claim_due(session, at)
        if not due:
            return asked
        found = await probe_all(due)
        async with transaction() as session:
            await keep(session, at, found)
        asked += len(due)
        log.info("health.probed", checks=len(found), failing=sum(not one.ok for one in found))
