"""Scheduled backups: when one is due, what is kept, and what /status and the metrics say."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from tca_app.config.settings import get_settings
from tca_app.consumers import backup
from tca_app.features.backup.errors import BackupError
from tca_app.features.backup.schedule import delete_old_files, is_due, last_backups, record_run
from tca_app.features.backup.service import Backup, create_backup
from tca_app.features.health.internal_checks import PARTS, NotInUse
from tca_app.features.metrics.service import _backups
from tests.factories import run

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("BACKUP_DIR", str(tmp_path))
    monkeypatch.setenv("BACKUP_AT", "02:30")
    monkeypatch.setenv("BACKUP_KEEP", "2")
    get_settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    get_settings.cache_clear()


async def test_one_is_made_and_shown_and_the_oldest_goes(folder: Path) -> None:
    kept = ["notes.txt", "tca-20250101T023000Z.tar.enc"]
    for name in (*kept, "tca-20240101T023000Z.tar"):
        (folder / name).write_text("")
    assert (await PARTS["backup"]()).detail == "no backup yet"
    await backup.back_up()
    await backup.back_up()  # not due any more
    (made,) = set(os.listdir(folder)) - set(kept)
    assert (await PARTS["backup"]()).status == "ok"
    last = await run(last_backups)
    assert last.bytes == (folder / made).stat().st_size
    assert [family.name for family in _backups(last)] == [
        "tca_backup_last_success_timestamp_seconds",
        "tca_backup_last_bytes",
    ]


async def test_a_failure_is_shown_and_tried_again_an_hour_later(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> Backup:
        raise BackupError("the folder is full")

    monkeypatch.setattr(backup, "create_backup", fails)
    await run(record_run, datetime.now(UTC) - timedelta(days=2), size=7)
    await backup.back_up()
    check = await PARTS["backup"]()
    assert (check.status, check.detail.partition(" ")[0]) == ("degraded", "failed")
    now = datetime.now(UTC)
    assert not await run(is_due, now)
    assert await run(is_due, now + timedelta(minutes=61))
    last = await run(last_backups)
    assert last.failed_at
    assert last.bytes == 7


async def test_a_late_one_is_shown(folder: Path) -> None:
    await run(record_run, datetime.now(UTC) - timedelta(days=2), size=7)
    _change("UPDATE backup_runs SET finished_at = now() - interval '28 hours'")
    check = await PARTS["backup"]()
    assert (check.status, check.detail.rpartition(" at ")[0]) == ("degraded", "last backup")


def _change(statement: str) -> None:
    with psycopg.connect(get_settings().database_url.get_secret_value()) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("started", "due"),
    [
        (datetime(2026, 1, 31, 2, 30, tzinfo=UTC), False),
        (datetime(2026, 1, 31, 2, 29, tzinfo=UTC), True),
        (datetime(2026, 1, 30, 2, 31, tzinfo=UTC), True),
    ],
)
async def test_one_is_due_once_a_day(started: datetime, due: bool, folder: Path) -> None:
    await run(record_run, started)
    assert await run(is_due, NOON) is due
    assert not await run(is_due, started + timedelta(minutes=1)) or started.minute == 29


async def test_none_is_due_without_a_folder() -> None:
    assert not await run(is_due, NOON)
    with pytest.raises(NotInUse, match="no backup is scheduled"):
        await PARTS["backup"]()


async def test_a_job_that_is_stopped_ends_its_backup(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started, ended = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def waits(_to: Path, is_stopped: Callable[[], bool]) -> Backup:
        loop.call_soon_threadsafe(started.set)
        while not is_stopped():
            threading.Event().wait(0.005)
        loop.call_soon_threadsafe(ended.set)
        raise BackupError("the backup was stopped")

    monkeypatch.setattr(backup, "create_backup", waits)
    job = asyncio.create_task(backup.back_up())
    await started.wait()
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    await ended.wait()
    monkeypatch.undo()
    with pytest.raises(BackupError, match="was stopped"):
        create_backup(folder, lambda: True)
    assert os.listdir(folder) == []


async def test_one_is_made_at_a_time(folder: Path) -> None:
    with psycopg.connect(get_settings().database_url.get_secret_value()) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended('backup', 0))")
        await backup.back_up()
    assert os.listdir(folder) == []
    assert (await run(last_backups)).failed_at is None


def test_what_a_killed_one_left_is_deleted_after_two_days(tmp_path: Path) -> None:
    old, new = ".tca-20260101T023000Z.tar.draft", ".tca-20260131T023000Z.tar.enc.draft"
    for name in (old, new):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (NOON.timestamp(),) * 2)
    os.utime(tmp_path / old, (0, 0))
    assert delete_old_files(tmp_path, 2, NOON) == [old]
    assert os.listdir(tmp_path) == [new]
