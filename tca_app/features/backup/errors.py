"""The error of backups."""

from tca_app.core.stores.servers import StoreError


class BackupError(StoreError):
    """A backup could not be made, read or restored. The text is one line for a person."""


class BackupIsRunning(BackupError):
    """Another backup of this database is being made."""
