"""Migrations run beside another runner and beside a long transaction."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import alembic.config
import psycopg
import pytest
from alembic.script import ScriptDirectory

from tca_app.config.settings import get_settings
from tca_app.core.database.revisions import alembic_config
from tca_app.frontend.build import ROOT
from tca_app.server import migrate

NAME = f"tca_unmigrated_{os.getpid()}"
CONCURRENT_INDEX = """
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_projects_description")
        op.create_index("ix_projects_description", "projects", ["description"], postgresql_concurrently=True)
        op.execute("RESET lock_timeout")
"""
INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"


def _url(database: str) -> str:
    before, _, options = get_settings().database_url.get_secret_value().partition("?")
    return f"{before.rpartition('/')[0]}/{database}?{options}"


@contextmanager
def _database(template: str) -> Iterator[str]:
    with psycopg.connect(_url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {NAME} TEMPLATE {template}")
        try:
            yield _url(NAME)
        finally:
            connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


@pytest.fixture
def empty_database() -> Iterator[str]:
    with _database("template0") as url:
        yield url


@pytest.fixture
def migrated_database() -> Iterator[str]:
    """A copy of the one that was migrated at the start of the run."""
    with _database("tca") as url:
        yield url


@pytest.fixture
def working_copy(tmp_path: Path) -> Path:
    """The migrations in a folder of their own, where a test may add one."""
    shutil.copy(ROOT / "alembic.ini", tmp_path)
    shutil.copytree(ROOT / "alembic", tmp_path / "alembic", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def _start(url: str, *command: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _migrate(url: str) -> "subprocess.Popen[str]":
    return _start(url, "tca_app", "migrate")


def _alembic(url: str, working_copy: Path, *arguments: str) -> None:
    """In this process: the imports alone take two seconds of CPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", url)
        get_settings.cache_clear()
        try:
            alembic.config.main(argv=["-c", str(working_copy / "alembic.ini"), *arguments])
        finally:
            get_settings.cache_clear()


def _end(runner: "subprocess.Popen[str]") -> None:
    said, _ = runner.communicate(timeout=120)
    assert runner.returncode == 0, said


def _add_migration(url: str, working_copy: Path) -> Path:
    """As CONTRIBUTING says, with the number after that of the last one."""
    number = str(int(_head()) + 1)
    _alembic(url, working_copy, "revision", "--autogenerate", "--rev-id", number, "-m", "an index of projects")
    (added,) = {path.name for path in _versions(working_copy)} - {path.name for path in _versions(ROOT)}
    return working_copy / "alembic" / "versions" / added


def _versions(folder: Path) -> list[Path]:
    return sorted((folder / "alembic" / "versions").glob("*.py"))


def _head() -> str:
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert head is not None
    return head


def _revision(url: str) -> str:
    with psycopg.connect(url) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
    return str(revision)


def _set_revision(url: str, revision: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", (revision,))


def test_of_two_at_once_one_does_the_work(empty_database: str) -> None:
    for runner in [_migrate(empty_database) for _ in range(2)]:
        _end(runner)
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
        assert connection.execute(INVALID).fetchall() == []


def test_a_new_migration_is_the_last_file_and_follows_the_head(migrated_database: str, working_copy: Path) -> None:
    added = _add_migration(migrated_database, working_copy)
    assert _versions(working_copy)[-1] == added
    _alembic(migrated_database, working_copy, "upgrade", "head")
    assert _revision(migrated_database) == str(int(_head()) + 1)


def test_everything_can_be_downgraded_and_made_again(migrated_database: str, working_copy: Path) -> None:
    _alembic(migrated_database, working_copy, "downgrade", "base")
    with psycopg.connect(migrated_database) as connection:
        left = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        assert connection.execute(left).fetchone() == (1,)  # Alembic's own
        left = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        assert connection.execute(left).fetchall() == []
    _alembic(migrated_database, working_copy, "upgrade", "head")
    assert _revision(migrated_database) == _head()


def test_the_last_schema_before_the_squash_is_that_of_the_first_migration(
    empty_database: str, working_copy: Path
) -> None:
    _alembic(empty_database, working_copy, "upgrade", migrate.INITIAL_SCHEMA)
    _set_revision(empty_database, migrate.LAST_BEFORE_SQUASH)
    with psycopg.connect(empty_database) as connection:
        connection.execute("INSERT INTO login_throttles VALUES ('kept', 1, now(), NULL)")
    for runner in [_migrate(empty_database) for _ in range(2)]:
        _end(runner)
    assert _revision(empty_database) == _head()
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT key FROM login_throttles").fetchall() == [("kept",)]


def test_an_older_schema_is_refused_with_what_to_do(migrated_database: str) -> None:
    _set_revision(migrated_database, "0130")
    runner = _migrate(migrated_database)
    said, _ = runner.communicate(timeout=120)
    assert runner.returncode == 1
    (line,) = said.splitlines()
    assert "schema 0130" in line
    assert f"check out commit {migrate.COMMIT_BEFORE_SQUASH}" in line
    assert _revision(migrated_database) == "0130"


def test_indexes_are_built_beside_a_transaction_that_lasts(migrated_database: str, working_copy: Path) -> None:
    added = _add_migration(migrated_database, working_copy)
    added.write_text(added.read_text().replace("    pass\n", CONCURRENT_INDEX, 1))
    with psycopg.connect(migrated_database, autocommit=True) as looking, psycopg.connect(migrated_database) as lasting:
        lasting.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        lasting.execute("SELECT 1")
        upgrade = ("alembic", "-c", str(working_copy / "alembic.ini"), "upgrade", "head")
        runners = [_start(migrated_database, *upgrade) for _ in range(2)]
        end = time.monotonic() + 60
        waits = "SELECT FROM pg_stat_activity WHERE application_name = 'tca migrate' AND wait_event_type = 'Lock'"
        longer = " AND now() - query_start > interval '2.5 s'"  # the limit for a lock on a table is 2
        while looking.execute(waits + longer).fetchone() is None:
            assert time.monotonic() < end
            for runner in runners:
                assert runner.poll() is None, runner.communicate()
        lasting.rollback()
        for runner in runners:
            _end(runner)
        assert looking.execute(INVALID).fetchall() == []


def test_a_postgresql_that_is_too_old_is_named_by_every_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """By `migrate`, which all commands begin with, and by `web`, which changes nothing."""
    monkeypatch.setattr(migrate, "OLDEST_POSTGRES", 99)
    for start in (migrate.migrate, migrate.require_schema):
        with pytest.raises(migrate.MigrationError, match=r"PostgreSQL \d+(\.\d+)? is too old .* needs 99 or newer"):
            start()
