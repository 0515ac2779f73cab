"""Makes backups of the database, while the console runs."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from tca_app.config.settings import VERSION, get_settings
from tca_app.core.security.encryption import encrypt
from tca_app.core.stores.clients import dump_database
from tca_app.features.backup.archive import write_archive
from tca_app.features.backup.errors import BackupError, BackupIsRunning
from tca_app.features.backup.schemas import Manifest

SECRET_CHECK = "backup"  # noqa: S105 - a purpose
# What people ask about first: their numbers are in the manifest, and compared after a restore.
COUNTED = (
    "users",
    "projects",
    "environments",
    "deployments",
    "events",
    "webhooks",
    "api_tokens",
)
CONNECT_TIMEOUT_S = 5
_ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(hashtextextended('backup', 0))"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made."""

    path: Path
    bytes: int
    is_encrypted: bool
    manifest: Manifest

    @property
    def summary(self) -> str:
        rows = ", ".join(f"{count:,} {table.replace('_', ' ')}" for table, count in self.manifest.rows.items())
        warning = "" if self.is_encrypted else "\nWarning: it is not encrypted; set BACKUP_KEY"
        return (
            f"{self.path}: {self.bytes / 2**20:.1f} MiB, schema {self.manifest.revision}; {rows}\n"
            "Not in it: SECRET_KEY, BACKUP_KEY and other settings, Redis, and mails that are files in DATA_DIR/mail"
            f"{warning}"
        )


def backup_dir() -> Path:
    """Return the folder of backups: BACKUP_DIR, or one in DATA_DIR."""
    settings = get_settings()
    return settings.backup_dir or settings.data_dir / "backups"


def create_backup(to: Path | None = None, is_stopped: Callable[[], bool] = lambda: False) -> Backup:
    """Back up the database into a new file: `to`, or one named after the time in the folder `to` or of the settings.

    The file appears when it is complete, with mode 0600. Raises BackupError or StoreError, also soon
    after `is_stopped`.
    """
    settings = get_settings()
    key = settings.backup_key.get_secret_value()
    now = datetime.now(UTC)
    path = _target(to, now, is_encrypted=bool(key))
    url = settings.database_url.get_secret_value()
    with _snapshot(url) as (connection, snapshot), _new_file(path) as draft:
        manifest = _manifest(connection, now)
        with draft.open("wb") as file:
            manifest = write_archive(file, key, manifest, _until(is_stopped, dump_database(url, snapshot)))
            file.flush()
            os.fsync(file.fileno())
    return Backup(path, path.stat().st_size, bool(key), manifest)


def _until(is_stopped: Callable[[], bool], dump: Iterable[bytes]) -> Iterator[bytes]:
    for data in dump:
        if is_stopped():
            raise BackupError("the backup was stopped")
        yield data


def _target(to: Path | None, now: datetime, *, is_encrypted: bool) -> Path:
    folder = to or backup_dir()
    if not to:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BackupError(f"{folder} cannot be used: {error.strerror}") from None
    if not folder.is_dir():
        return folder
    return folder / f"tca-{now:%Y%m%dT%H%M%SZ}.tar{'.enc' if is_encrypted else ''}"


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """Yield a draft that becomes `path`, which must not exist, at the end of the block."""
    draft = path.with_name(f".{path.name}.draft")
    if path.exists():
        raise BackupError(f"{path} is there already")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            yield draft
            draft.rename(path)
        finally:
            draft.unlink(missing_ok=True)
        _flush_folder(path.parent)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror}") from None


def _flush_folder(folder: Path) -> None:
    """Make the new name survive a crash of the machine."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextlib.contextmanager
def _snapshot(url: str) -> Iterator[tuple[psycopg.Connection, str]]:
    """Hold a snapshot of the database, which the dump and the manifest share; nobody waits for it."""
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S, application_name="tca_app backup") as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for limit in ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"):
                connection.execute(f"SET LOCAL {limit} = 0")
            if connection.execute(_ONE_AT_A_TIME).fetchone() != (True,):
                raise BackupIsRunning("another backup is being made")
            (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
            yield connection, snapshot
    except psycopg.Error as error:
        raise BackupError(f"the database cannot be used (DATABASE_URL): {first_line(error)}") from None


def _manifest(connection: psycopg.Connection, now: datetime) -> Manifest:
    if not _exists(connection, "alembic_version"):
        raise BackupError("the database is empty: there is nothing to back up")
    (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
    (postgres,) = connection.execute("SHOW server_version").fetchone() or ("",)
    return Manifest(
        version=VERSION,
        revision=revision,
        postgres=postgres,
        created_at=now,
        rows=count_rows(connection),
        secret_check=encrypt(SECRET_CHECK, SECRET_CHECK).hex(),
    )


def count_rows(connection: psycopg.Connection) -> dict[str, int]:
    """Count the rows of the main tables; a table that this schema does not have is left out."""
    counts = {}
    for table in COUNTED:
        if _exists(connection, table):
            counting = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("public", table))
            (counts[table],) = connection.execute(counting).fetchone() or (0,)
    return counts


def _exists(connection: psycopg.Connection, table: str) -> bool:
    return connection.execute("SELECT to_regclass(%s)", (f"public.{table}",)).fetchone() != (None,)


def first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
