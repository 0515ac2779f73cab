"""`tca login`, `whoami`, `status`: what a person at a terminal sees."""

import getpass
import io
import json
import stat

import httpx
import pytest

from tca_client import credentials
from tca_client.command import main
from tests.clients.conftest import URL, Command
from tests.factories import PASSWORD, make_deployment, make_project, make_token, make_user
from tests.features.factors.accounts import account_with_app, wrong


def answers(monkeypatch: pytest.MonkeyPatch, *given: str) -> None:
    """What the person types."""
    typed = iter(given)
    monkeypatch.setattr(getpass, "getpass", lambda _: next(typed))


async def test_a_person_signs_in_once_and_stays_signed_in(tca: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    await make_project(await make_user("ana"), "Ledger")
    answers(monkeypatch, PASSWORD)
    assert await tca("login", URL, "--username", "ana") == 0
    path = credentials.config_file()
    assert tca.said == f"tca: Signed in as Ana. The token is in {path}.\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD not in path.read_text()
    monkeypatch.delenv("TCA_URL")
    assert await tca("whoami") == 0
    assert tca.out == f"Ana at {URL}, by tca login\nProjects: ledger\n"
    assert await tca("logout") == 0
    assert not path.exists()
    assert await tca("whoami") == 78


async def test_a_token_is_only_sent_to_the_console_that_it_is_of(tca: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials.save("https://console.example.com", "tca_1")
    assert await tca("whoami") == 78
    assert tca.transport.requests == []


async def test_a_token_is_read_from_standard_input(tca: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    _, header = await make_token(await make_user("ana"))
    monkeypatch.setattr("sys.stdin", io.StringIO(header["Authorization"].removeprefix("Bearer ") + "\n"))
    assert await tca("login", "--with-token") == 0
    assert await tca("whoami") == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("tca_wrong\n"))
    assert await tca("login", "--with-token") == 77


async def test_a_wrong_password_is_one_line(tca: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    await make_user("ana")
    answers(monkeypatch, "Wrong-Boat-42")
    assert await tca("login", "--username", "ana") == 77
    assert tca.said.startswith("tca: Incorrect username or password.")
    assert len(tca.said.splitlines()) == 1
    assert not credentials.config_file().exists()


async def test_the_second_factor_is_asked_for(
    tca: Command, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await account_with_app(api)
    answers(monkeypatch, PASSWORD, account.code())
    assert await tca("login", "--username", "ana") == 0
    assert await tca("whoami") == 0
    answers(monkeypatch, PASSWORD, wrong(account.code()))
    assert await tca("login", "--username", "ana") == 77


async def test_the_status_shows_what_runs_where(tca: Command) -> None:
    owner = await make_user("ana")
    project_id = await make_project(owner, "Ledger")
    await make_deployment(project_id, status="succeeded", version="1.4.2", created_by_id=owner.user_id)
    number = await make_deployment(project_id, status="in_progress", version="1.5.0")
    tca.use((await make_token(owner, project_id))[1])
    assert await tca("status") == 0
    head, *rows = tca.out.splitlines()
    assert head.split() == ["PROJECT", "ENVIRONMENT", "VERSION", "SINCE", "BY"]
    (row,) = [row for row in rows if "production" in row]
    assert row.startswith("ledger")
    assert "1.4.2 (deploying)" in row
    assert row.endswith("Ana")
    assert await tca("status", "--project", "other") == 0
    assert tca.out.splitlines() == ["PROJECT  ENVIRONMENT  VERSION  SINCE  BY"]
    assert await tca("status", str(number)) == 0
    assert ["status", "in_progress"] in [line.split() for line in tca.out.splitlines()]
    assert await tca("status", str(number), "--json") == 0
    assert json.loads(tca.out)["version"] == "1.5.0"
    assert await tca("status", "--json") == 0
    assert json.loads(tca.out)[0]["project"]["slug"] == "ledger"
    assert await tca("status", "999999") == 1


async def test_a_name_does_not_act_on_the_terminal(tca: Command) -> None:
    owner = await make_user("ana")
    project_id = await make_project(owner, "Ledger")
    await make_deployment(project_id, status="succeeded", version="1\x1b[2J")
    tca.use((await make_token(owner, project_id))[1])
    assert await tca("status") == 0
    assert "1?[2J" in tca.out


async def test_an_address_without_encryption_is_warned_about(tca: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TCA_TOKEN", "tca_1")
    monkeypatch.setenv("TCA_URL", "http://console.example.com")
    assert await tca("whoami") == 1
    assert "Warning: http://console.example.com is not encrypted" in tca.said


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x", "https://ana:pw@x", "https://", "https://x/?a=1"])
async def test_what_is_no_address_is_refused(tca: Command, url: str) -> None:
    assert await tca("whoami", "--url", url) == 78


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"    {name} " in shown for name in ("deploy", "rollback", "status", "whoami", "login", "logout"))
