"""What is done by the clock and not by an event, once across all workers."""

import structlog

from tca_app.consumers.analytics import begin_periods, recount
from tca_app.core.database.session import transaction
from tca_app.core.jobs.queue import periodic
from tca_app.features.deployments.timeouts import fail_timed_out
from tca_app.features.retention import service as retention

log = structlog.get_logger(__name__)


@periodic("trim_tables", "17 * * * *")
async def trim_tables() -> None:
    """Batch by batch, each in a transaction of its own: nobody waits for a long one."""
    is_full = True
    while is_full:
        async with transaction() as session:
            gone = await retention.trim(session)
        log.info("upkeep.trimmed", **gone)
        is_full = max(gone.values()) >= retention.BATCH


@periodic("purge_trash", "37 * * * *")
async def purge_trash() -> None:
    """Until nothing in the trash is old enough."""
    purged = 1
    while purged:
        async with transaction() as session:
            purged = await retention.purge_trash(session)
        if purged:
            log.info("upkeep.purged", rows=purged)


@periodic("check_numbers", "27 3 * * *")
async def check_numbers() -> None:
    """The numbers by day against the log, each night."""
    async with transaction() as session:
        found = await recount(session)
    tell = log.warning if found.mended else log.info
    tell("upkeep.recounted", numbers=found.compared, mended=found.mended, differences=found.differences[:20])


@periodic("begin_periods", "7 * * * *")
async def begin_tomorrows_periods() -> None:
    """Each hour, though once a day would do: a day without them is slow."""
    async with transaction() as session:
        await begin_periods(session)


@periodic("fail_timed_out", "*/5 * * * *")
async def fail_stuck_deployments() -> None:
    """Until none is left that nobody speaks of any more."""
    failed = 1
    while failed:
        async with transaction() as session:
            failed = await fail_timed_out(session)
        if failed:
            log.warning("upkeep.deployments_failed", deployments=failed)
