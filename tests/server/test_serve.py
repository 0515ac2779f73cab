"""The commands: those that run as real processes on free ports, with a stand-in for the built pages."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from tca_app import __main__ as command_line
from tca_app.config.settings import get_settings
from tca_app.core.stores.embedded import embedded_stores
from tca_app.frontend import build
from tca_app.server import migrate
from tests.processes import eventually

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = """
import asyncio
import os
import psycopg

async def app_(scope, receive, send):
    if scope["type"] == "lifespan":
        if os.environ.get("FIRST_SUPERUSER_USERNAME"):
            with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
                print("people before the first answer:", connection.execute("SELECT username FROM users").fetchall())
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["path"] == "/slow":
        print("a slow request", flush=True)
        await asyncio.to_thread(lambda: open(os.environ["GATE"]).read())  # a pipe: until the test has closed it
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})

app = lambda: app_
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with a finished build and a page that only says hello."""
    root = tmp_path_factory.mktemp("project")
    for name in ("tca_app", "alembic"):
        # With the compiled modules, but not those that another process is writing.
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("*.pyc.*"))
    for name in ("alembic.ini", "rxconfig.py", "requirements.lock"):
        shutil.copy(ROOT / name, root)
    (root / "tca_app" / "tca_app.py").write_text(STAND_IN)
    (root / ".web/build/client").mkdir(parents=True)
    (root / ".web/build/client/404.html").write_text("")
    (root / ".web" / build.STAMP).write_text(json.dumps({"sources": build.sources_hash(root), "imported": []}))
    return root


@pytest.fixture(scope="module")
def _migrated(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    assert _run(project, folder, "migrate").returncode == 0
    return folder / "postgres"


@pytest.fixture
def data_dir(_migrated: Path, tmp_path: Path) -> Path:
    """A DATA_DIR that a console of this version has left behind, without any users."""
    subprocess.run(["cp", "-a", _migrated, tmp_path], check=True)  # with the owners, unlike shutil.copytree
    return tmp_path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(data_dir: Path, **settings: str) -> dict[str, str]:
    keep = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")}
    return {**keep, "DATA_DIR": str(data_dir), **settings}


def _call(data_dir: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command that ends before it starts anything, in this process: the imports alone take two seconds of CPU."""
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - _environment(data_dir).keys():
            patch.delenv(name)
        for name, value in _environment(data_dir, **settings).items():
            patch.setenv(name, value)
        patch.setattr(command_line, "ROOT", data_dir)  # where there is no .env
        patch.chdir(data_dir)
        get_settings.cache_clear()
        try:
            done = CliRunner().invoke(command_line.commands, command)
            return subprocess.CompletedProcess(command, done.exit_code, done.stdout, done.stderr)
        finally:
            signal.signal(signal.SIGTERM, handler)
            get_settings.cache_clear()


def _run(project: Path, data_dir: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tca_app", *command],
        cwd=project,
        env=_environment(data_dir, **settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Console:
    """A running `serve` or `web` with the lines that it printed until it was ready."""

    def __init__(self, project: Path, data_dir: Path, command: str = "serve", **settings: str) -> None:
        self.port = int(settings.setdefault("PORT", str(_free_port())))
        self.data_dir = data_dir
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tca_app", command],
            cwd=project,
            env=_environment(data_dir, **settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A shell that starts jobs in the background has them ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        self.read_until("is ready")

    def read_until(self, text: str) -> None:
        """Wait for a line with this text; fails when the process ends without one."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if text in line:
                return
        raise AssertionError(f"it ended without {text!r}: {self.lines}")

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=10)

    def end(self, sign: signal.Signals) -> int:
        self.process.send_signal(sign)
        assert self.process.stdout
        self.lines += self.process.stdout.read().splitlines()  # not communicate(): it loses what is buffered already
        return self.process.wait(30)


@contextmanager
def _console(project: Path, data_dir: Path, command: str = "serve", **settings: str) -> Iterator[Console]:
    console = Console(project, data_dir, command, **settings)
    try:
        yield console
    finally:
        if console.process.poll() is None:
            console.end(signal.SIGTERM)


def _store_pids(data_dir: Path) -> list[int]:
    """Processes that have the folder in their command line or are PostgreSQL's main process there."""
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(data_dir).encode() in command.read_bytes():
                found.append(int(command.parent.name))
    return found


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_ends_with_all_that_it_started(project: Path, tmp_path: Path, sign: signal.Signals) -> None:
    with _console(project, tmp_path) as console:
        assert console.get("/anything").text == "hello"
        assert len(console.lines) <= 5
        assert f":{console.port}" in console.lines[-1]
        assert _store_pids(tmp_path)
        assert console.end(sign) == 0
    assert not _store_pids(tmp_path)
    assert not any("Traceback" in line for line in console.lines)


def test_the_first_start_ends_with_the_set_up_link_and_a_later_one_gives_a_new_one(
    project: Path, tmp_path: Path
) -> None:
    links = []
    for _ in range(2):
        with _console(project, tmp_path) as console:
            console.end(signal.SIGTERM)
            assert "/setup?token=" in console.lines[-1], "there is no admin yet"
            links.append(console.lines[-1])
    assert links[0] != links[1]


def test_the_first_admin_is_there_before_the_first_answer(project: Path, data_dir: Path) -> None:
    """A script that waits for /health/ready signs in next."""
    names = {"USERNAME": "ada", "EMAIL": "ada@example.com", "PASSWORD": "Blue-Harbour-42"}
    with _console(project, data_dir, **{f"FIRST_SUPERUSER_{name}": value for name, value in names.items()}) as console:
        assert "people before the first answer: [('ada',)]" in console.lines


def _is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionError:
        return False
    return True


def test_a_request_under_way_is_answered_before_the_end(project: Path, data_dir: Path) -> None:
    gate = data_dir / "gate"
    os.mkfifo(gate)
    with (
        _console(project, data_dir, GATE=str(gate)) as console,
        socket.create_connection(("127.0.0.1", console.port)) as browser,
    ):
        browser.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        console.read_until("a slow request")
        console.process.send_signal(signal.SIGTERM)
        eventually(lambda: not _is_open(console.port), "nobody new is let in")
        gate.write_text("")
        browser.settimeout(10)
        answer = b""
        while part := browser.recv(4096):
            answer += part
        assert b"hello" in answer


def test_after_kill_9_the_next_start_works_at_once(project: Path, data_dir: Path) -> None:
    port = str(_free_port())
    with _console(project, data_dir, PORT=port) as console:
        console.end(signal.SIGKILL)
    assert _store_pids(data_dir)
    with _console(project, data_dir, PORT=port) as console:
        assert console.get("/").text == "hello"
        assert console.end(signal.SIGTERM) == 0
    assert not _store_pids(data_dir)


def test_migrate_beside_a_running_console_shares_its_stores(project: Path, data_dir: Path) -> None:
    with _console(project, data_dir) as console:
        before = _store_pids(data_dir)
        done = _run(project, data_dir, "migrate")
        assert (done.returncode, done.stderr) == (0, "")
        assert set(before) <= set(_store_pids(data_dir))
        assert console.get("/").text == "hello"


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = _call(tmp_path, "serve", PORT=str(other.getsockname()[1]))
    _is_one_line(done, "cannot listen on 127.0.0.1", 1)
    assert not (tmp_path / "postgres").exists()


def test_an_unreachable_database_is_one_line_without_the_password(project: Path, tmp_path: Path) -> None:
    url = f"postgresql://me:hidden-word@127.0.0.1:{_free_port()}/tca"
    done = _run(project, tmp_path, "serve", DATABASE_URL=url, PORT=str(_free_port()))
    _is_one_line(done, "DATABASE_URL", 1)
    assert "hidden-word" not in done.stderr
    assert not (tmp_path / "postgres").exists()
    assert not _store_pids(tmp_path)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"DATABASE_URL": "mysql://localhost/tca"}, "DATABASE_URL"),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL"),
        ({"PORT": "ninety"}, "PORT"),
        ({"DATA_DIR": "/dev/null/data"}, "DATA_DIR"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_code_78(tmp_path: Path, settings: dict[str, str], named: str) -> None:
    for command in ("serve", "check-config"):
        _is_one_line(_call(tmp_path, command, **settings), named, 78)


def test_a_queue_that_does_not_exist_is_refused_with_the_list(tmp_path: Path) -> None:
    done = _call(tmp_path, "worker", "--queue", "email_queue", "--queue", "nonsense")
    _is_one_line(done, "there is no nonsense; the queues are email_queue, subscriber_queue", 1)
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize(
    ("host", "shown"),
    [("::1", "http://[::1]:"), ("::", "http://localhost:"), ("0.0.0.0", "http://localhost:")],
)
def test_the_links_that_are_printed_work(project: Path, data_dir: Path, host: str, shown: str) -> None:
    with _console(project, data_dir, HOST=host) as console:
        console.end(signal.SIGTERM)
        ready, link = console.lines[-2:]
    assert ready.endswith(f"{shown}{console.port}")
    assert f"{shown}{console.port}/setup?token=" in link


def test_a_killed_store_is_started_again_while_the_console_serves(project: Path, data_dir: Path) -> None:
    with _console(project, data_dir, LOG_FORMAT="json") as console:
        for pid in _store_pids(data_dir):
            with suppress(ProcessLookupError):  # a child of one that was killed before it
                os.kill(pid, signal.SIGKILL)
        console.read_until("started again")
        assert console.get("/").text == "hello"
        assert console.end(signal.SIGTERM) == 0
    assert not _store_pids(data_dir)
    written = [json.loads(line)["event"] for line in console.lines]
    starts = ("Starting the stores", "TCA InfraForge is ready: ", "Create the first admin (this link works once): ")
    assert [line.startswith(start) for line, start in zip(written, starts, strict=False)] == [True] * 3


def test_a_store_that_cannot_be_started_again_ends_the_console_with_an_error(project: Path, data_dir: Path) -> None:
    with _console(project, data_dir) as console:
        data = data_dir / "postgres" / "data"
        main = int((data / "postmaster.pid").read_text().split()[0])
        data.rename(data_dir / "elsewhere")
        os.kill(main, signal.SIGKILL)
        console.read_until("cannot be started again")
        assert console.process.wait(30) == 1
    assert not _store_pids(data_dir)


@pytest.mark.parametrize(
    ("given", "missing"),
    [({}, "DATABASE_URL and REDIS_URL"), ({"REDIS_URL": "redis://127.0.0.1"}, "DATABASE_URL")],
)
def test_a_replica_without_shared_stores_is_one_line(tmp_path: Path, given: dict[str, str], missing: str) -> None:
    done = _call(tmp_path, "web", **given)
    _is_one_line(done, f"{missing}:", 78)
    assert not _store_pids(tmp_path)


def test_a_replica_does_not_migrate_and_says_what_is_missing(project: Path, tmp_path: Path) -> None:
    with embedded_stores(tmp_path, durable=False) as urls:
        stores = {"DATABASE_URL": urls.database_url, "REDIS_URL": urls.redis_url}
        done = _run(project, tmp_path, "web", PORT=str(_free_port()), **stores)
        _is_one_line(done, "has schema none", 1)
        assert _run(project, tmp_path, "migrate", **stores).returncode == 0
        with _console(project, tmp_path, "web", **stores) as console:
            assert console.get("/").text == "hello"
            assert console.end(signal.SIGTERM) == 0


def test_check_config_reports_every_error_at_once(tmp_path: Path) -> None:
    assert _call(tmp_path, "check-config").returncode == 0
    production = {"ENVIRONMENT": "production", "DEBUG": "true", "OUTBOUND_ALLOWED_HOSTS": "localhost:9000"}
    done = _call(tmp_path, "check-config", **production)
    assert done.returncode == 78
    for name in ("SECRET_KEY", "JWT_SECRET_KEY", "DEBUG", "PUBLIC_URL", "OUTBOUND_ALLOWED_HOSTS"):
        assert any(line.startswith(name) for line in done.stderr.splitlines()), name


def test_check_config_names_what_a_replica_lacks_in_the_same_pass(tmp_path: Path) -> None:
    done = _call(tmp_path, "check-config", "web", DEBUG="true", ENVIRONMENT="production", SMTP_URL="off")
    assert done.returncode == 78
    named = [line.split()[0] for line in done.stderr.splitlines()]
    assert named == ["DATABASE_URL", "SECRET_KEY", "JWT_SECRET_KEY", "DEBUG", "PUBLIC_URL"]


def test_check_config_names_a_postgresql_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "OLDEST_POSTGRES", 99)
    url = get_settings().database_url.get_secret_value()
    done = _call(tmp_path, "check-config", DATABASE_URL=url, PORT="ninety")
    assert done.returncode == 78
    port, version = done.stderr.splitlines()
    assert port.startswith("PORT: ")
    assert version.endswith("is too old (DATABASE_URL): the console needs 99 or newer")


def test_check_config_says_that_a_database_cannot_be_reached(tmp_path: Path) -> None:
    """It may run where the database is not: before a rollout, in CI."""
    url = f"postgresql://console:canary@127.0.0.1:{_free_port()}/console"
    done = _call(tmp_path, "check-config", DATABASE_URL=url)
    _is_one_line(done, "Warning: the version of PostgreSQL was not checked: the database cannot be used", 0)
    assert "canary" not in done.stderr


def test_a_misspelt_setting_is_warned_about_at_the_start(project: Path, data_dir: Path) -> None:
    checked = _call(data_dir, "check-config", REDIS_ULR="redis://localhost")
    migrated = _run(project, data_dir, "migrate", REDIS_ULR="redis://localhost")
    assert (checked.returncode, migrated.returncode) == (0, 0), migrated.stderr
    for errors in (checked.stderr, migrated.stderr):
        assert errors.splitlines()[0] == "Warning: REDIS_ULR is not a setting; did you mean REDIS_URL?"


def test_the_errors_of_a_process_are_json_when_its_log_is(tmp_path: Path) -> None:
    names = {"LOG_FORMAT": "json", "PORT": "ninety", "REDIS_URL": "x", "DATABSE_URL": "x", "ENVIRONMENT": "production"}
    done = _call(tmp_path, "web", **names)
    assert (done.returncode, done.stdout) == (78, "")
    written = [json.loads(line) for line in done.stderr.splitlines()]
    assert {frozenset(line) for line in written} == {frozenset({"event", "level", "timestamp"})}
    assert [line["level"] for line in written] == ["warning", *["error"] * 7]
    named = [str(line["event"]).split()[0].strip(":") for line in written]
    assert named[:4] == ["DATABSE_URL", "PORT", "REDIS_URL", "DATABASE_URL"]


def test_check_config_writes_for_a_person_whatever_the_log_is(tmp_path: Path) -> None:
    done = _call(tmp_path, "check-config", "web", LOG_FORMAT="json", REDIS_URL="redis://")
    _is_one_line(done, "DATABASE_URL: a web replica needs", 78)
    assert done.stderr.startswith("DATABASE_URL")


def test_openapi_prints_the_document(tmp_path: Path) -> None:
    done = _call(tmp_path, "openapi")
    assert json.loads(done.stdout)["openapi"].startswith("3.")


def _is_one_line(done: subprocess.CompletedProcess[str], text: str, code: int) -> None:
    assert done.returncode == code, done.stderr
    assert text in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
