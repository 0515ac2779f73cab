"""The job that exports events as the log grows."""

import structlog

from tca_app.core.database.session import transaction
from tca_app.core.jobs.queue import periodic
from tca_app.core.telemetry.redaction import excerpt
from tca_app.features.event_export.delivery import ExportError, deliver_batch
from tca_app.features.event_export.records import BATCH

log = structlog.get_logger(__name__)


@periodic("export_events", "* * * * *", "delivery_queue")
async def export_events() -> None:
    """Deliver what waits. What the target does not take waits for the next minute; `/status` says so."""
    done = BATCH
    while done == BATCH:
        try:
            async with transaction() as session:
                done = await deliver_batch(session)
        except ExportError as error:
            log.warning("event_export.failed", reason=excerpt(str(error)))
            return
        if done:
            log.info("event_export.done", events=done)
