"""Loads a backup into a database."""

import contextlib
from collections.abc import Iterator

import psycopg

from tca_app.core.security.encryption import DecryptionError, decrypt
from tca_app.core.stores.clients import restore_database
from tca_app.features.backup.archive import Archive
from tca_app.features.backup.errors import BackupError
from tca_app.features.backup.schemas import Manifest
from tca_app.features.backup.service import CONNECT_TIMEOUT_S, SECRET_CHECK, count_rows, first_line

ASIDE = "before_restore"
_RELATIONS = """
    SELECT count(*) FROM pg_class AS relation JOIN pg_namespace AS schema ON schema.oid = relnamespace
    WHERE nspname = %s AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = relation.oid AND deptype = 'e')
"""
_EXTENSIONS = "SELECT extname FROM pg_extension WHERE extnamespace = 'public'::regnamespace ORDER BY extname"
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


class RestoreTarget:
    """A database to restore into."""

    def __init__(self, url: str) -> None:
        self._url = url
        with self._connected() as connection:
            self.name = connection.info.dbname
            self.is_empty = not self._count(connection, _RELATIONS, "public")
            self._is_aside = bool(
                self._count(connection, "SELECT count(*) FROM pg_namespace WHERE nspname = %s", ASIDE)
            )
            self._others = self._count(connection, _OTHERS)
            self._extensions = [name for (name,) in connection.execute(_EXTENSIONS)]

    def require_usable(self, *, replace: bool) -> None:
        """Raise BackupError unless the database is empty, or may be replaced."""
        if self._is_aside:
            raise BackupError(
                f"{self.name} has a schema {ASIDE}: the data from before a restore that was killed. Drop it, or drop "
                f"public and rename {ASIDE} to public"
            )
        if self.is_empty:
            return
        if not replace:
            raise BackupError(f"the database {self.name} is not empty: name another one, or add --replace")
        if self._extensions:
            names = ", ".join(self._extensions)
            raise BackupError(
                f"{self.name} has extensions in the schema public ({names}): restore into an empty database"
            )
        if self._others:
            raise BackupError(
                f"the database {self.name} is in use ({self._others} connections): stop the console first"
            )

    def load(self, archive: Archive, manifest: Manifest) -> None:
        """Restore the dump, and compare the numbers of rows. On a failure the database is as it was before.

        Data to replace is set aside in a schema of its own until the dump is in.
        """
        with self._set_aside() if not self.is_empty else contextlib.nullcontext():
            restore_database(self._url, archive.dump())
            with self._connected() as connection:
                counts = count_rows(connection)
                if counts != manifest.rows:
                    names = [name for name in manifest.rows if counts.get(name) != manifest.rows[name]]
                    raise BackupError(f"the restored tables differ from the backup in {', '.join(names)}")
        with self._connected() as connection:
            connection.execute("ANALYZE")  # the planner knows nothing about restored tables

    @contextlib.contextmanager
    def _set_aside(self) -> Iterator[None]:
        self._execute(f"ALTER SCHEMA public RENAME TO {ASIDE}", "CREATE SCHEMA public")
        try:
            yield
        except BaseException:
            self._execute("DROP SCHEMA public CASCADE", f"ALTER SCHEMA {ASIDE} RENAME TO public")
            raise
        self._execute(f"DROP SCHEMA {ASIDE} CASCADE")

    def _execute(self, *statements: str) -> None:
        with self._connected() as connection, connection.transaction():
            for statement in statements:
                connection.execute(statement)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        try:
            with psycopg.connect(self._url, connect_timeout=CONNECT_TIMEOUT_S, autocommit=True) as connection:
                connection.execute("SET statement_timeout = 0")
                yield connection
        except psycopg.Error as error:
            raise BackupError(f"the database cannot be used: {first_line(error)}") from None

    @staticmethod
    def _count(connection: psycopg.Connection, query: str, *args: str) -> int:
        (count,) = connection.execute(query, args).fetchone() or (0,)
        return int(count)


def opens_secrets(manifest: Manifest) -> bool:
    """Return True if the SECRET_KEY of this process is the one that encrypted the secrets in the backup."""
    try:
        return decrypt(bytes.fromhex(manifest.secret_check), SECRET_CHECK) == SECRET_CHECK
    except (DecryptionError, ValueError):
        return False
