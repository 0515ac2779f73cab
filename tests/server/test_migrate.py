"""The schema comes to its newest version whoever else is there: another runner, or a transaction that lasts."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg
import pytest

from tca_app.config.settings import get_settings
from tca_app.frontend.build import ROOT
from tca_app.server import migrate

NAME = f"tca_unmigrated_{os.getpid()}"
INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"


def _url(database: str) -> str:
    before, _, options = get_settings().database_url.get_secret_value().partition("?")
    return f"{before.rpartition('/')[0]}/{database}?{options}"


@pytest.fixture
def empty_database() -> Iterator[str]:
    with psycopg.connect(_url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {NAME} TEMPLATE template0")
        try:
            yield _url(NAME)
        finally:
            connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def _migrate(url: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tca_app", "migrate"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _end(runner: "subprocess.Popen[str]") -> None:
    said, _ = runner.communicate(timeout=120)
    assert runner.returncode == 0, said


def test_of_two_at_once_one_does_the_work(empty_database: str) -> None:
    for runner in [_migrate(empty_database) for _ in range(2)]:
        _end(runner)
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
        assert connection.execute(INVALID).fetchall() == []


def test_indexes_are_built_beside_a_transaction_that_lasts(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as looking, psycopg.connect(empty_database) as lasting:
        lasting.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        lasting.execute("SELECT 1")
        runner = _migrate(empty_database)
        end = time.monotonic() + 60
        waits = "SELECT FROM pg_stat_activity WHERE application_name = 'tca migrate' AND wait_event_type = 'Lock'"
        longer = " AND now() - query_start > interval '2.5 s'"  # the limit for a lock on a table is 2
        while looking.execute(waits + longer).fetchone() is None:
            assert time.monotonic() < end
            assert runner.poll() is None, runner.communicate()
        lasting.rollback()
        _end(runner)
        assert looking.execute(INVALID).fetchall() == []


def test_a_postgresql_that_is_too_old_is_named_by_every_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """By `migrate`, which all commands begin with, and by `web`, which changes nothing."""
    monkeypatch.setattr(migrate, "OLDEST_POSTGRES", 99)
    for start in (migrate.migrate, migrate.require_schema):
        with pytest.raises(migrate.MigrationError, match=r"PostgreSQL \d+(\.\d+)? is too old .* needs 99 or newer"):
            start()
