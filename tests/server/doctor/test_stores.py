"""What the doctor says about stores, jobs, clocks, disks, backups and mail, and that no look outlasts its limit."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy.exc import ProgrammingError
from typer.testing import CliRunner

from tca_app.__main__ import commands
from tca_app.config.settings import get_settings
from tca_app.core.errors import Unavailable
from tca_app.core.jobs.queue import PermanentFailure
from tca_app.core.outgoing.mail import Mail
from tca_app.features.health.internal_checks import PARTS
from tca_app.features.health.schemas import Check
from tca_app.features.instance import service as instance
from tca_app.server.commands import doctor as command
from tca_app.server.doctor import stores
from tca_app.server.doctor.findings import Finding, ok, problem, run_looks, skipped
from tests.factories import make_user

pytestmark = pytest.mark.usefixtures("as_a_command")


def _database_says(value: Any) -> Callable[[], Any]:
    """Stands for a transaction whose statement returns one value."""

    async def execute(_statement: object) -> Any:
        return SimpleNamespace(scalar_one=lambda: value)

    @asynccontextmanager
    async def reading() -> AsyncIterator[Any]:
        yield SimpleNamespace(execute=execute)

    return reading


async def test_an_installation_that_is_fine() -> None:
    for look in (stores.database, stores.part("redis"), stores.part("migrations"), stores.clock, stores.disks):
        assert (await look()).status == "ok"


@pytest.mark.parametrize("name", stores.MEND)
async def test_a_component_that_fails_comes_with_what_to_do(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def down() -> Check:
        return Check(status="degraded", detail="it is broken")

    monkeypatch.setitem(PARTS, name, down)
    look = stores.database if name == "database" else stores.backup if name == "backup" else stores.part(name)
    assert await look() == problem("it is broken", stores.MEND[name])


async def test_an_old_postgresql_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "reading", _database_says("160004"))
    found = await stores.database()
    assert (found.status, found.mend) == ("problem", "Upgrade PostgreSQL to 17 or newer")


@pytest.mark.parametrize(("seconds", "side"), [(-40, "ahead of"), (40, "behind")])
async def test_clocks_that_differ(seconds: int, side: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "reading", _database_says(datetime.now(UTC) + timedelta(seconds=seconds)))
    found = await stores.clock()
    assert found.status == "problem"
    assert f"s {side} the database" in found.detail


async def test_without_a_database_there_is_no_clock_to_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    def reading() -> Any:
        raise Unavailable

    monkeypatch.setattr(stores, "reading", reading)
    assert (await stores.clock()).status == "skipped"


async def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(get_settings(), "backup_dir", tmp_path / "not there yet")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(total=2**34, free=2**28))
    found = await stores.disks()
    assert found.detail == "DATA_DIR 2% of 16 GiB free, BACKUP_DIR 2% of 16 GiB free"
    assert found.mend.startswith("Free space or add a disk for DATA_DIR and BACKUP_DIR")


async def test_production_needs_a_scheduled_backup(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await stores.backup()).status == "skipped"
    monkeypatch.setattr(get_settings(), "environment", "production")
    assert "BACKUP_DIR" in (await stores.backup()).mend


async def test_a_message_is_sent_only_when_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sent: list[Mail] = []

    async def send(mail: Mail) -> None:
        sent.append(mail)
        if mail.to == "nobody@example.com":
            raise PermanentFailure("the mail server answered 550 no such user")

    monkeypatch.setattr(stores, "send", send)
    assert (await stores.mail_to("")()).status == "skipped"
    assert sent == []
    assert (await stores.mail_to("ops@example.com")()).mend == "Set SMTP_URL"  # a file, in development
    monkeypatch.setattr(get_settings(), "smtp_url", SecretStr("smtps://console:hidden-word@mail.example.com"))
    assert (await stores.mail_to("ops@example.com")()).status == "ok"
    refused = await stores.mail_to("nobody@example.com")()
    assert (refused.status, refused.detail) == ("problem", "the mail server answered 550 no such user")
    monkeypatch.setattr(get_settings(), "smtp_url", SecretStr("off"))
    assert (await stores.mail_to("ops@example.com")()).status == "skipped"


@pytest.mark.parametrize("has_schema", [True, False])
async def test_the_test_message_is_in_the_language_of_its_reader(
    has_schema: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Mail] = []

    async def send(mail: Mail) -> None:
        sent.append(mail)

    async def refresh() -> None:
        raise ProgrammingError("SELECT", {}, Exception("no such table"))

    monkeypatch.setattr(stores, "send", send)
    await make_user("anna", email="anna@example.com", language="de")
    if not has_schema:
        monkeypatch.setattr(instance, "refresh", refresh)
    await stores.mail_to("Anna@example.com")()
    await stores.mail_to("ops@example.com")()
    german, english = sent
    assert english.subject.startswith("Test message from ")
    assert german.subject.startswith("Testnachricht von " if has_schema else "Test message from ")
    assert ("kommen an" in german.text) is has_schema


async def test_a_look_that_hangs_or_fails_stops_no_other_and_prints_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs() -> Finding:
        await asyncio.Event().wait()
        raise AssertionError

    async def fails() -> Finding:
        raise OSError("postgresql://console:hidden-word@db.example.com/x: refused\nmore")

    async def fine() -> Finding:
        return ok("fine")

    found = await run_looks({"a": hangs, "b": fails, "c": fine}, limit_s=0.05)
    assert [(one.look, one.status) for one in found] == [("a", "problem"), ("b", "problem"), ("c", "ok")]
    assert found[0].detail == "no result within 0.05 s"
    assert "hidden-word" not in found[1].line
    assert "\n" not in found[1].line


@pytest.mark.parametrize(("found", "code"), [(problem("it is broken", "Mend it"), 1), (skipped("no"), 0)])
def test_the_command_prints_lines_or_json(found: Finding, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def look() -> Finding:
        return found

    async def close() -> None:
        """The clients belong to the loops of other tests."""

    for name in ("close_db", "close_redis"):
        monkeypatch.setattr(command, name, close)
    monkeypatch.setattr(command, "looks", lambda mail: {"Redis": look, mail: look})
    done = CliRunner().invoke(commands, ["doctor", "--mail", "ops@example.com"])
    assert done.exit_code == code, done.output
    assert done.output.splitlines()[-1] == ("2 problems found" if code else "0 problems found")
    if code:
        assert "problem  Redis: it is broken. Mend it" in done.output
    listed = CliRunner().invoke(commands, ["doctor", "--json"])
    assert [one["look"] for one in json.loads(listed.stdout)] == ["Redis", ""]


def test_every_look_has_a_name() -> None:
    assert len(command.looks("ops@example.com")) == 16
