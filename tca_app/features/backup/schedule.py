"""Scheduled backups: when one is due, what became of it, and which files are kept."""

import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.config.settings import get_settings
from tca_app.core.telemetry.redaction import excerpt
from tca_app.features.backup.schemas import BackupsRead
from tca_app.models import BackupRun

RETRY_AFTER = timedelta(hours=1)
STALE_DRAFT = timedelta(days=2)
_FILE = re.compile(r"tca-\d{8}T\d{6}Z\.tar(\.enc)?")
_DRAFT = re.compile(r"\.tca-\d{8}T\d{6}Z\.tar(\.enc)?\.draft")
_LAST = text(
    """
    SELECT max(finished_at) FILTER (WHERE error = '') AS succeeded_at,
      max(finished_at) FILTER (WHERE error <> '') AS failed_at,
      (array_agg(bytes ORDER BY id DESC) FILTER (WHERE error = ''))[1] AS bytes
    FROM backup_runs
    """
)


async def is_due(session: AsyncSession, now: datetime) -> bool:
    """Return True if there was no backup since the last BACKUP_AT. After a failure it is due again an hour later."""
    settings = get_settings()
    if not settings.backup_dir:
        return False
    started, error = col(BackupRun.started_at), col(BackupRun.error)
    done = (error == "") & (started >= _last_slot(now, settings.backup_at))
    failed = (error != "") & (col(BackupRun.finished_at) > now - RETRY_AFTER)
    return not (await session.execute(select(func.count()).where(done | failed))).scalar_one()


def _last_slot(now: datetime, at: str) -> datetime:
    slot = datetime.combine(now.date(), time.fromisoformat(at), UTC)
    return slot if slot <= now else slot - timedelta(days=1)


async def record_run(session: AsyncSession, started_at: datetime, *, size: int = 0, error: str = "") -> None:
    """Record the end of a scheduled backup."""
    values = {"started_at": started_at, "finished_at": datetime.now(UTC), "bytes": size, "error": excerpt(error, 500)}
    await session.execute(insert(BackupRun).values(values))


async def last_backups(session: AsyncSession) -> BackupsRead:
    """Return when a scheduled backup last succeeded and failed."""
    return BackupsRead(**(await session.execute(_LAST)).one()._mapping)


def delete_old_files(folder: Path, keep: int, now: datetime) -> list[str]:
    """Delete all but the newest `keep` backups, and what killed ones left. Returns the names. Other files stay."""
    names = sorted((path.name for path in folder.iterdir() if _FILE.fullmatch(path.name)), reverse=True)
    oldest_draft = (now - STALE_DRAFT).timestamp()
    drafts = [path for path in folder.iterdir() if _DRAFT.fullmatch(path.name)]
    gone = names[keep:] + [path.name for path in drafts if path.stat().st_mtime < oldest_draft]
    for name in gone:
        (folder / name).unlink(missing_ok=True)
    return gone
