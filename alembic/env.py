"""Runs the migrations on the database of the settings: one runner at a time, never waiting long for a table."""

from alembic import context
from sqlalchemy import NullPool, create_engine, text
from sqlmodel import SQLModel

from tca_app import models  # noqa: F401 - fills the metadata
from tca_app.config import get_settings

RUNNER_LOCK = 7_282_601_170_135  # any number that nothing else locks in this database
WAIT_FOR_RUNNER = "60s"
WAIT_FOR_TABLE = "2s"  # a migration that waits longer for a lock stops everybody who comes after it


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Procrastinate's tables have no models of ours."""
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


def run() -> None:
    engine = create_engine(
        get_settings().sync_database_url,
        poolclass=NullPool,
        connect_args={"connect_timeout": 5, "application_name": "tca migrate"},
    )
    with engine.connect() as connection:
        connection.execute(text(f"SET lock_timeout = '{WAIT_FOR_RUNNER}'"))
        connection.execute(text(f"SELECT pg_advisory_lock({RUNNER_LOCK})"))
        connection.execute(text(f"SET lock_timeout = '{WAIT_FOR_TABLE}'"))
        connection.commit()
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
