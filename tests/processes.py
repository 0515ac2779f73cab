"""Web replicas and workers as real processes on their own stores, for tests that kill them."""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import psycopg
import redis

from tca_app.core.jobs.queue import QUEUE_NAMES
from tca_app.core.stores.servers import RedisServer
from tests.factories import PASSWORD

ROOT = Path(__file__).parents[1]
START_S = 600  # the first start of a checkout builds the pages, on a busy machine in minutes
ADMIN = "ada"
# One client for all probes: a client of its own for each would take more CPU than the start that it waits for.
PROBES = httpx.Client(timeout=2, limits=httpx.Limits(max_keepalive_connections=0))
# Hashing is as cheap as argon2 allows, and both secrets are the same everywhere, as replicas need them.
SETTINGS = {
    "SECRET_KEY": "k" * 48,
    "JWT_SECRET_KEY": "j" * 48,
    "PASSWORD_HASH_MEMORY_KIB": "8",
    "PASSWORD_HASH_ROUNDS": "1",
    "DATABASE_POOL_SIZE": "4",  # all of them share one server's hundred connections
    "DATABASE_MAX_OVERFLOW": "6",
    "RATE_LIMIT_LOGIN": "",
    "RATE_LIMIT_API": "",
    "JOB_TAKEOVER_SECONDS": "2",
    "LOG_LEVEL": "INFO",
    "LOG_FORMAT": "json",
    "FIRST_SUPERUSER_USERNAME": ADMIN,
    "FIRST_SUPERUSER_EMAIL": f"{ADMIN}@example.com",
    "FIRST_SUPERUSER_PASSWORD": PASSWORD,
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(happened: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """The first true answer of `happened`."""
    end = monotonic() + seconds
    while not (found := happened()):
        if monotonic() > end:
            raise AssertionError(f"it did not happen within {seconds:.0f} s: {what}")
        sleep(0.05)
    return found


def end_process(process: subprocess.Popen[Any], seconds: float = 30.0) -> None:
    """Asks a process to end, and kills it when it does not: no test run may wait for one for ever."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
        raise


def postgres_pids(data_dir: Path) -> list[int]:
    """The main process of the embedded PostgreSQL in a DATA_DIR, and every process that it has started."""
    main = int((data_dir / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    found = [main]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == main:
                found.append(int(stat.parent.name))
    return found


@contextlib.contextmanager
def frozen_postgres(data_dir: Path) -> Iterator[None]:
    """It takes connections and statements and answers none: SIGSTOP for the main process first, which then starts no
    other."""
    for pid in postgres_pids(data_dir)[:1]:
        os.kill(pid, signal.SIGSTOP)
    pids = postgres_pids(data_dir)
    _send(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        _send(pids, signal.SIGCONT)


def _send(pids: list[int], sign: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # one that served a connection has ended by itself since
            os.kill(pid, sign)


def inherited() -> dict[str, str]:
    """The part of the environment that says nothing about a console, and how to reach npm."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")}
    return kept | {name: value for name, value in os.environ.items() if name.startswith(("NPM_", "npm_", "NODE_"))}


class Process:
    """One `python -m tca_app ...`, started again as often as it is killed. What it says goes into a file."""

    root, python = ROOT, sys.executable  # another checkout in the test of an upgrade

    def __init__(self, command: str, name: str, home: Path, settings: dict[str, str]) -> None:
        self.command, self.name = command, name
        self.settings = settings
        self.log = home / f"{name}.log"
        self.running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                [self.python, "-m", "tca_app", self.command],
                cwd=self.root,
                env=inherited() | self.settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        assert self.running is not None
        return self.running.pid

    def is_running(self) -> bool:
        return self.running is not None and self.running.poll() is None

    def send(self, sign: signal.Signals) -> None:
        assert self.running is not None
        self.running.send_signal(sign)

    def exit_code(self) -> int:
        """When it has ended."""
        assert self.running is not None
        return self.running.wait(30)

    def kill(self) -> None:
        """As the kernel does when memory is short: no word to anybody."""
        self.send(signal.SIGKILL)
        self.exit_code()

    def stop(self) -> None:
        """As a person or a supervisor does, so that it ends the stores that it has started."""
        if self.running is not None and self.is_running():
            end_process(self.running)

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def must_run(self) -> None:
        assert self.is_running(), f"{self.name} ended:\n{self.said()[-3000:]}"


class Web(Process):
    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings['PORT']}"

    def is_ready(self) -> bool:
        self.must_run()
        try:
            return PROBES.get(f"{self.url}/health/ready").status_code == 200
        except httpx.HTTPError:
            return False

    def start(self, *, wait: bool = True) -> None:
        super().start()
        if wait:
            self.wait()

    def wait(self) -> None:
        eventually(self.is_ready, f"{self.name} is ready", START_S)


class Worker(Process):
    """Ready when its heart beats in the database."""


class Cluster:
    """A database and a Redis of its own, and the processes that use them."""

    def __init__(self, home: Path, template_url: str, **settings: str) -> None:
        self.home = home
        self.redis_server = RedisServer(home)
        name = re.sub(r"\W", "_", f"tca_{home.name}_{os.getpid()}")
        self.admin_url = template_url.replace("/tca?", "/postgres?")
        self.database = name
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE tca")
        self.database_url = template_url.replace("/tca?", f"/{name}?")
        self.redis_url = self.redis_server.start()
        self.settings = SETTINGS | {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "DATA_DIR": str(home),
            **settings,
        }
        self.processes: list[Process] = []

    def web(self, *, wait: bool = True, **settings: str) -> Web:
        port = settings.pop("PORT", "") or str(free_port())
        process = Web("web", f"web{port}", self.home, self.settings | {"PORT": port} | settings)
        process.start(wait=wait)
        self.processes.append(process)
        return process

    def worker(self, **settings: str) -> Worker:
        process = Worker("worker", f"worker{len(self.processes)}", self.home, self.settings | settings)
        process.start()
        self.processes.append(process)
        return process

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            done = connection.execute(statement, values or None)
            return done.fetchall() if done.description else []

    def admin_sql(self, statement: str, *values: Any) -> None:
        """On the server, not in the database of this cluster."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(statement, values or None)

    def command(self, *words: str) -> str:
        """Run a command of the console on these stores; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "tca_app", *words],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]} | self.settings,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.redis_url)

    def redis_pid(self) -> int:
        with self.redis() as client:
            return int(client.info("server")["process_id"])

    def living_workers(self) -> float:
        """Worker processes whose hearts beat; each has one heart a queue."""
        statement = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '2 seconds'"
        return float(self.sql(statement)[0][0] / len(QUEUE_NAMES))

    def drained(self, seconds: float = 60.0) -> None:
        """Waits until every job is done. A failed one fails the test at once."""

        def is_drained() -> bool:
            rows = dict(self.sql("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY 1"))
            reasons = self.sql("SELECT error FROM job_failures LIMIT 5") if "failed" in rows else []
            assert not reasons, f"jobs died: {rows} {reasons}"
            return not rows

        eventually(is_drained, "every job is done", seconds)

    def close(self) -> None:
        for process in self.processes:
            if process.is_running():
                process.kill()
        self.redis_server.stop()
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")


@contextlib.contextmanager
def cluster(home: Path, **settings: str) -> Iterator[Cluster]:
    """Processes are killed and stores dropped at the end, however the block ends."""
    template = re.sub(r"/tca_\w+\?", "/tca?", os.environ["DATABASE_URL"])
    # One at a time in the whole run, whichever pytest worker asks: two of them would starve each other.
    with (Path(os.environ["DATA_DIR"]) / "cluster.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        running = Cluster(home, template, **settings)
        try:
            yield running
        finally:
            running.close()
            shutil.rmtree(home, ignore_errors=True)


def sign_in(url: str, username: str = ADMIN) -> dict[str, str]:
    """The header of a script."""
    answer = httpx.post(f"{url}/api/auth/login", json={"username": username, "password": PASSWORD}, timeout=10)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}
