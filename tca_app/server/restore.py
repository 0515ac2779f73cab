"""The command `restore`: checks a backup, loads it, migrates it and checks the result."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import true

from tca_app.config.settings import get_settings
from tca_app.core.addresses import read_database_url
from tca_app.core.database.revisions import alembic_config
from tca_app.core.events.verify import LogCheck, verify_log
from tca_app.core.plurals import plural
from tca_app.features.auth import service as auth
from tca_app.features.backup.archive import Archive
from tca_app.features.backup.errors import BackupError
from tca_app.features.backup.restore import RestoreTarget, opens_secrets
from tca_app.features.backup.schemas import Manifest
from tca_app.server.bootstrap import run_once
from tca_app.server.migrate import REVISION_BEFORE_SQUASH, migrate

_QUESTION = "Everything in the database {} is replaced. Type its name"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and what the checks afterwards say."""

    manifest: Manifest
    database: str
    log: LogCheck
    opens_secrets: bool
    sessions: int

    @property
    def summary(self) -> str:
        log = f"{plural(self.log.events, 'event')} in {plural(self.log.chains, 'chain')}"
        return (
            f"Restored the backup of {self.manifest.created_at:%Y-%m-%d %H:%M} UTC into {self.database}: {log}; "
            f"{plural(self.sessions, 'session')} ended\n"
            "Empty Redis before you start the console"
        )

    @property
    def faults(self) -> list[str]:
        """What is wrong with the restored data, in lines for a person."""
        faults = [f"The event log is broken: {self.log.fault}"] if self.log.fault else []
        if not self.opens_secrets:
            faults.append("SECRET_KEY is not that of the backup: set that one, or encrypted secrets stay unreadable")
        return faults


def use_database(url: str) -> None:
    """Make `url` the DATABASE_URL of this process. Raises BackupError when it is none or has a password."""
    try:
        params = read_database_url(url)
    except ValueError as error:
        raise BackupError(f"--database-url {error}") from None
    if params.get("password") or params.get("sslpassword"):
        raise BackupError(
            "--database-url must not carry a password, because everybody on this machine can read it: set PGPASSWORD "
            "or PGPASSFILE, or DATABASE_URL instead"
        )
    os.environ |= {"DATABASE_URL": url, "DATABASE_URL_FILE": ""}
    get_settings.cache_clear()


def restore_backup(path: Path, *, replace: bool, ask: Callable[[str], str] | None) -> Restored:
    """Restore the backup into the database of the settings. Nothing is changed before the backup has been checked.

    Before data is replaced, `ask` has to return the name of the database, unless it is None.
    """
    settings = get_settings()
    try:
        file = path.open("rb")
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}") from None
    with file:
        archive = Archive(file, settings.backup_key.get_secret_value())
        manifest = archive.check()
        _require_known_schema(manifest)
        target = RestoreTarget(settings.database_url.get_secret_value())
        target.require_usable(replace=replace)
        if not target.is_empty and ask and ask(_QUESTION.format(target.name)) != target.name:
            raise BackupError("that is not its name; nothing was changed")
        target.load(archive, manifest)
    migrate()
    log = run_once(verify_log)
    # What was signed out after the backup must not be signed in again.
    sessions = run_once(lambda session: auth.revoke(session, None, true(), "restored from a backup"))
    return Restored(manifest, target.name, log, opens_secrets(manifest), sessions)


def _require_known_schema(manifest: Manifest) -> None:
    """Raise BackupError for a schema that this version has no migration for."""
    script = ScriptDirectory.from_config(alembic_config())
    known = {revision.revision for revision in script.walk_revisions()}
    if manifest.revision not in known and not REVISION_BEFORE_SQUASH.fullmatch(manifest.revision):
        raise BackupError(
            f"the backup has schema {manifest.revision} of version {manifest.version}, which is newer than this "
            f"version ({script.get_current_head()}): restore it with that version or a newer one"
        )
