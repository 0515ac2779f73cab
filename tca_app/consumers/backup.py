"""The job that makes the scheduled backups."""

import asyncio
import threading
from datetime import UTC, datetime

import structlog

from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading, transaction
from tca_app.core.jobs.queue import periodic
from tca_app.core.stores.servers import StoreError
from tca_app.features.backup.errors import BackupIsRunning
from tca_app.features.backup.schedule import delete_old_files, is_due, record_run
from tca_app.features.backup.service import Backup, backup_dir, create_backup

log = structlog.get_logger(__name__)


@periodic("back_up", "*/5 * * * *")
async def back_up() -> None:
    """Make a backup if one is due, so that one that was missed is made as soon as a worker runs again."""
    started_at = datetime.now(UTC)
    async with reading() as session:
        if not await is_due(session, started_at):
            return
    try:
        made = await _create()
    except BackupIsRunning:
        return
    except (StoreError, OSError) as error:
        log.error("backup.failed", reason=str(error))
        async with transaction() as session:
            await record_run(session, started_at, error=str(error) or type(error).__name__)
        return
    async with transaction() as session:
        await record_run(session, started_at, size=made.bytes)
    log.info("backup.done", file=made.path.name, bytes=made.bytes)
    gone = await asyncio.to_thread(delete_old_files, made.path.parent, get_settings().backup_keep, started_at)
    log.info("backup.deleted_old", files=gone)


async def _create() -> Backup:
    """Make the backup in a thread, which ends with this job."""
    stopped = threading.Event()
    try:
        return await asyncio.to_thread(create_backup, backup_dir(), stopped.is_set)
    except asyncio.CancelledError:
        stopped.set()
        raise
