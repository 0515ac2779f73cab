"""Maintenance jobs; the periodic ones run once across all workers."""

import structlog
from procrastinate.jobs import Job

from tca_app.consumers.analytics import begin_periods, recount
from tca_app.core.database.session import transaction
from tca_app.core.jobs.queue import MAINTENANCE_QUEUE, periodic, task
from tca_app.core.lists.trash import PURGE_MINUTE
from tca_app.core.telemetry.metrics import note_trimmed
from tca_app.features.deployments.timeouts import fail_timed_out
from tca_app.features.personal_data import erasure
from tca_app.features.retention import event_log, service as retention
from tca_app.features.tokens.expiry import BATCH as TOKENS_AT_ONCE, warn_of_expiry

log = structlog.get_logger(__name__)


@periodic("trim_tables", "17 * * * *")
async def trim_tables() -> None:
    """Delete old rows in batches, each in its own transaction, so that locks stay short."""
    is_full = True
    while is_full:
        async with transaction() as session:
            gone = await retention.trim(session)
        log.info("maintenance.trimmed", **gone)
        for table, rows in gone.items():
            note_trimmed(table, rows)
        is_full = max(gone.values()) >= retention.BATCH


@periodic("remove_old_events", "47 3 * * *")
async def remove_old_events() -> None:
    """Delete the events that are older than RETENTION_EVENTS_DAYS, in batches."""
    removed = 1
    while removed:
        async with transaction() as session:
            removed = await event_log.remove_old_events(session)
        note_trimmed("events", removed)
        if removed:
            log.info("maintenance.events_removed", events=removed)


@periodic("purge_trash", f"{PURGE_MINUTE} * * * *")
async def purge_trash() -> None:
    """Purge the rows that have been in the trash long enough."""
    purged = 1
    while purged:
        async with transaction() as session:
            purged = await retention.purge_trash(session)
        if purged:
            log.info("maintenance.purged", rows=purged)


@periodic("check_numbers", "27 3 * * *")
async def check_numbers() -> None:
    """Repair the daily metrics and counters each night, and log the differences."""
    async with transaction() as session:
        found = await recount(session)
    write = log.warning if found.mended else log.info
    write("maintenance.recounted", numbers=found.compared, mended=found.mended, differences=found.differences[:20])


@periodic("begin_periods", "7 * * * *")
async def begin_tomorrows_periods() -> None:
    """Prepare tomorrow's periods. It runs hourly, because a missed day would make the dashboard slow."""
    async with transaction() as session:
        await begin_periods(session)


@periodic("fail_timed_out", "*/5 * * * *")
async def fail_stuck_deployments() -> None:
    """Fail the deployments whose source stopped reporting."""
    failed = 1
    while failed:
        async with transaction() as session:
            failed = await fail_timed_out(session)
        if failed:
            log.warning("maintenance.deployments_failed", deployments=failed)


@periodic("warn_of_expiring_tokens", "47 * * * *")
async def warn_of_expiring_tokens() -> None:
    """Notify the owners of API tokens that expire within seven days."""
    warned = TOKENS_AT_ONCE
    while warned == TOKENS_AT_ONCE:
        async with transaction() as session:
            warned = await warn_of_expiry(session)


@task(erasure.TASK, MAINTENANCE_QUEUE)
async def erase_remains(_job: Job, user_id: int) -> None:
    """Erase what was still being written when a person was erased."""
    async with transaction() as session:
        await erasure.erase_remains(session, user_id)
