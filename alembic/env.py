"""Runs the migrations on the configured database: one runner at a time, with short waits for locks."""

from collections.abc import Collection, Mapping
from time import monotonic, sleep
from typing import Any

from alembic import context
from alembic.migration import MigrationContext
from alembic.runtime.migration import MigrationInfo
from alembic.util import CommandError
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlmodel import SQLModel

from tca_app import models  # noqa: F401 - fills the metadata
from tca_app.config.settings import get_settings
from tca_app.core.database.revisions import note_oldest_code, read_schema
from tca_app.core.telemetry.lines import lines

RUNNER_LOCK = 7_282_601_170_135  # an advisory lock that nothing else uses
RUNNER_TIMEOUT_S = 900  # more than the longest migration takes
POLL_S = 0.2
# A migration that waits for a lock blocks every later statement on the table. One that builds an index concurrently
# blocks nobody: it sets this to 0 meanwhile and RESETs it.
LOCK_TIMEOUT = "2s"


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leaves out the tables of Procrastinate, which have no models."""
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


def _lock_runner(connection: Connection) -> None:
    """Polls until no other runner holds the lock.

    Waiting in the statement would hold a snapshot, and an index that the other runner builds concurrently waits for
    the end of every snapshot.
    """
    until = monotonic() + RUNNER_TIMEOUT_S
    while not connection.execute(text(f"SELECT pg_try_advisory_lock({RUNNER_LOCK})")).scalar_one():
        connection.commit()
        if monotonic() > until:
            raise CommandError("another migration has been running for 15 minutes")
        sleep(POLL_S)
    connection.commit()


def _is_newer(connection: Connection) -> bool:
    """Return whether a newer version has migrated the database. Raises CommandError when this one cannot use it."""
    schema, own = read_schema(connection), context.script.get_current_head() or ""
    connection.rollback()
    if not schema.is_newer(own):
        return False
    if refusal := schema.refusal(own):
        raise CommandError(refusal)
    lines.note(f"the database has schema {schema.revision}, newer than that of this version ({own}); it stays so")
    return True


def _note_oldest_code(
    ctx: MigrationContext,
    step: MigrationInfo,
    heads: Collection[Any],
    run_args: Mapping[str, Any],
) -> None:
    """In the transaction of each step, so that code that the step shuts out serves no moment longer."""
    assert ctx.connection  # noqa: S101
    for revision in heads:
        note_oldest_code(ctx.connection, context.script, revision)


def run() -> None:
    engine = create_engine(
        get_settings().sync_database_url,
        poolclass=NullPool,
        connect_args={
            "connect_timeout": 5,
            "application_name": "tca migrate",
            "options": f"-c lock_timeout={LOCK_TIMEOUT}",
        },
    )
    with engine.connect() as connection:
        _lock_runner(connection)
        if _is_newer(connection):
            return
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            transaction_per_migration=True,
            include_name=_is_ours,
            on_version_apply=_note_oldest_code,
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations need the database: set DATABASE_URL or leave it to the embedded one.")
run()
