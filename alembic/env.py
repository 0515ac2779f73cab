"""Runs the migrations on the configured database: one runner at a time, with short waits for locks."""

from time import monotonic, sleep

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlmodel import SQLModel

from tca_app import models  # noqa: F401 - fills the metadata
from tca_app.config.settings import get_settings

RUNNER_LOCK = 7_282_601_170_135  # any number that nothing else locks in this database
WAIT_FOR_RUNNER_S = 900  # more than the longest migration takes
ASK_AGAIN_S = 0.2
# A migration that waits longer for a lock stops everybody who comes after it. One that builds an index concurrently
# holds up nobody: it sets this to 0 for as long, and RESETs it.
WAIT_FOR_TABLE = "2s"


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Procrastinate's tables have no models of ours."""
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


def _wait_for_turn(connection: Connection) -> None:
    """Ask again until the runner before is done. To wait inside the question would hold a snapshot, for whose end an
    index that the runner builds concurrently would wait in turn."""
    until = monotonic() + WAIT_FOR_RUNNER_S
    while not connection.execute(text(f"SELECT pg_try_advisory_lock({RUNNER_LOCK})")).scalar_one():
        connection.commit()
        if monotonic() > until:
            raise CommandError("another migration has been running for 15 minutes")
        sleep(ASK_AGAIN_S)
    connection.commit()


def run() -> None:
    engine = create_engine(
        get_settings().sync_database_url,
        poolclass=NullPool,
        connect_args={
            "connect_timeout": 5,
            "application_name": "tca migrate",
            "options": f"-c lock_timeout={WAIT_FOR_TABLE}",
        },
    )
    with engine.connect() as connection:
        _wait_for_turn(connection)
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            transaction_per_migration=True,
            include_name=_is_ours,
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations need the database: set DATABASE_URL or leave it to the embedded one.")
run()
