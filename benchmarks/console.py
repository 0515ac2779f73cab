"""Starts what is measured: a console with stores of its own, an administrator and as many rows as asked for."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.seed import seed
from tca_app.config.settings import get_settings
from tca_app.core.stores.embedded import configured_stores, embedded_stores

ROOT = Path(__file__).resolve().parents[1]
USERNAME, PASSWORD = "admin", "Bench-Boat-4242"
PORT = "8110"
ROWS = 10_000
START_S = 240  # the first start builds the pages
UNLIMITED = {"RATE_LIMIT_LOGIN": "1000000/minute", "RATE_LIMIT_API": "100000000/minute"}


@dataclass(frozen=True)
class Console:
    """A running console and the folder of its stores."""

    url: str
    pid: int
    data_dir: Path


@contextmanager
def running(command: list[str], url: str, **environment: str) -> Iterator[int]:
    """Start a server, wait for its first response, yield its pid, and stop it at the end."""
    if _answers(url):
        sys.exit(f"{url} is in use by another process")
    with open(os.environ.get("BENCH_LOG", os.devnull), "a") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_for(url, process)
        yield process.pid
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a server to end, and kill it after 30 seconds: one that waits for open connections must not lose a run."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        httpx.get(url, timeout=5)
    except httpx.TransportError:
        return False
    return True


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_S
    while not _answers(url):
        if process.poll() is not None:
            sys.exit(f"{url} did not start: exit code {process.returncode}")
        if time.monotonic() > end:
            sys.exit(f"{url} did not respond within {START_S} s")
        time.sleep(0.1)


def prepare(data_dir: Path, rows: int = ROWS, fill: Callable[[str], None] | None = None) -> None:
    """Create the stores, the schema, an administrator, and that many users and projects, or what `fill` adds."""
    os.environ["DATA_DIR"] = str(data_dir)
    command = ["create-admin", "--username", USERNAME, "--email", "admin@example.com"]
    subprocess.run(
        [sys.executable, "-m", "tca_app", *command],
        cwd=ROOT,
        check=True,
        env=os.environ | {"ADMIN_PASSWORD": PASSWORD},
        stdout=subprocess.DEVNULL,
    )
    if fill or rows:
        with configured_stores() as urls:
            if fill:
                fill(urls.database_url)
            else:
                seed(urls.database_url, users=rows, projects=rows)


@contextmanager
def stores(prefix: str, *, durable: bool = False) -> Iterator[str]:
    """Use stores of its own in this process, for calls of the service. Yields the URL of the database.

    Unless they are durable, they do not wait for the disk. BENCH_DATA_DIR names a folder that is kept and reused.
    """
    with tempfile.TemporaryDirectory(prefix=prefix) as folder:
        data_dir = Path(os.environ.get("BENCH_DATA_DIR", folder))
        with embedded_stores(data_dir, durable=durable) as urls:
            settings = {"DATA_DIR": str(data_dir), "DATABASE_URL": urls.database_url, "REDIS_URL": urls.redis_url}
            os.environ.update(settings)
            get_settings.cache_clear()
            yield urls.database_url


@contextmanager
def console(
    rows: int = ROWS, role: str = "serve", fill: Callable[[str], None] | None = None, **settings: str
) -> Iterator[Console]:
    """Run one process with everything in it, as `make run` does, without rate limits."""
    url = f"http://localhost:{PORT}"
    with tempfile.TemporaryDirectory(prefix="tca-bench-") as folder:
        prepare(Path(folder), rows, fill)
        command = [sys.executable, "-m", "tca_app", role]
        with running(command, f"{url}/health/live", PORT=PORT, LOG_FORMAT="json", **(UNLIMITED | settings)) as pid:
            yield Console(url, pid, Path(folder))
