"""The commands `backup` and `restore`, and what they pass to the programs of PostgreSQL."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tca_app import __main__ as command_line
from tca_app.config.settings import get_settings
from tca_app.core.addresses import read_database_url
from tca_app.core.stores.clients import dump_database
from tca_app.core.stores.servers import StoreError
from tca_app.features.backup import service

pytestmark = pytest.mark.usefixtures("as_a_command")


def _call(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(command_line.commands, list(words), input=answer)


def _database() -> str:
    return str(read_database_url(get_settings().database_url.get_secret_value())["dbname"])


def test_backup_says_where_it_is_and_what_is_not_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = _call("backup", "--to", str(tmp_path / "console.tar"))
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"{tmp_path}/console.tar: ")
    assert "Not in it: SECRET_KEY" in done.stdout
    assert "it is not encrypted" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["console.tar"]

    again = _call("backup", "--to", str(tmp_path / "console.tar"))
    assert (again.exit_code, again.stderr) == (1, f"{tmp_path}/console.tar is there already\n")
    assert "cannot be written" in _call("backup", "--to", str(tmp_path / "missing" / "console.tar")).stderr

    held = _call("restore", str(tmp_path / "console.tar"))
    assert (held.exit_code, held.stderr.partition(":")[0]) == (1, f"the database {_database()} is not empty")
    assert "cannot be read" in _call("restore", str(tmp_path / "missing.tar")).stderr
    monkeypatch.setattr("tca_app.features.backup.restore._OTHERS", "SELECT 0")
    refused = _call("restore", str(tmp_path / "console.tar"), "--replace", answer="something else\n")
    assert refused.exit_code == 1
    assert "that is not its name; nothing was changed" in refused.stderr


def test_a_failed_backup_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_url: str, _snapshot: str) -> Iterator[bytes]:
        yield b"the beginning"
        raise StoreError("PostgreSQL's pg_dump failed: the disk is gone")

    monkeypatch.setattr(service, "dump_database", fails)
    done = _call("backup", "--to", str(tmp_path))
    assert (done.exit_code, done.stderr) == (1, "PostgreSQL's pg_dump failed: the disk is gone\n")
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_refused_as_an_argument(tmp_path: Path) -> None:
    done = _call("restore", str(tmp_path / "x"), "--database-url", "postgresql://ana:Canary-Pw-7@localhost/console")
    assert done.exit_code == 1
    assert "must not carry a password" in done.stderr
    assert "Canary" not in done.stderr
    assert "Canary" not in _call("restore", str(tmp_path / "x"), "--database-url", "ana:Canary-Pw-7@x").stderr


def test_the_password_reaches_the_programs_in_the_environment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[list[str], dict[str, str]]] = []
    popen: Any = subprocess.Popen

    def start(command: list[str], **options: Any) -> Any:
        started.append((command, options["env"]))
        return popen(command, **options)

    monkeypatch.setattr("tca_app.core.stores.clients.subprocess.Popen", start)
    monkeypatch.setenv("SECRET_KEY", "Canary-Secret" * 4)
    with pytest.raises(StoreError, match="pg_dump failed: connection to server at") as failure:
        list(dump_database("postgresql://ana:Canary-Pw-7@127.0.0.1:1/console?sslmode=disable", "0-1"))
    ((command, environment),) = started
    assert environment["PGPASSWORD"] == "Canary-Pw-7"
    assert "SECRET_KEY" not in environment
    assert "Canary" not in " ".join(command)
    assert "Canary" not in str(failure.value)
    with pytest.raises(StoreError, match="must not carry sslpassword"):
        list(dump_database("postgresql://ana@127.0.0.1:1/console?sslpassword=x", "0-1"))


def test_a_key_that_is_short_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKUP_KEY", "short")
    get_settings.cache_clear()
    try:
        done = _call("backup")
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    assert (done.exit_code, done.stderr.startswith("BACKUP_KEY: must have at least 32 bytes")) == (78, True)
