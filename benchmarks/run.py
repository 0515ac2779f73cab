"""Compares the console with the limit server: `python -m benchmarks.run TOOLS [--only rest|login|front|start]`.

TOOLS is the folder with compare.py, login_bench.py, frontend_weight.py, start_time.py and limit/serve.py. Starts both
servers, each with stores of its own and 10,000 users and projects, measures them in one run and ends them.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PASSWORD = "Bench-Boat-4242"
PORT, LIMIT_PORT = "8110", "4210"
ROWS = 10_000


@contextmanager
def running(command: list[str], url: str, cwd: Path, **environment: str) -> Iterator[int]:
    """Start a server, wait for its first answer, yield its pid, and stop it at the end."""
    env = {**os.environ, **environment}
    with open(os.environ.get("BENCH_LOG", os.devnull), "a") as log:
        process = subprocess.Popen(command, cwd=cwd, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_for(url, process)
        yield process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _wait_for(url: str, process: subprocess.Popen[bytes], limit_s: int = 240) -> None:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if process.poll() is not None:
            sys.exit(f"{url} did not start: exit code {process.returncode}")
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"{url} did not answer within {limit_s} s")


def prepare(data_dir: Path) -> None:
    """Create the stores, schema, an admin and the rows of the measured console."""
    os.environ["DATA_DIR"] = str(data_dir)
    subprocess.run(
        [sys.executable, "-m", "tca_app", "create-admin", "--username", "admin", "--email", "admin@example.com"],
        cwd=ROOT,
        check=True,
        env={**os.environ, "ADMIN_PASSWORD": PASSWORD},
        stdout=subprocess.DEVNULL,
    )
    from benchmarks.seed import seed
    from tca_app.core.stores.embedded import configured_stores

    with configured_stores() as urls:
        seed(urls.database_url, users=ROWS, projects=ROWS)


def config_for(tools: Path, name: str, folder: Path) -> Path:
    """Write the tools' config with the ports of this run."""
    config = json.loads((tools / "config" / name).read_text())
    for system in config["systems"]:
        system["base"] = f"http://127.0.0.1:{PORT if system['name'] == 'ours' else LIMIT_PORT}"
    path = folder / name
    path.write_text(json.dumps(config))
    return path


def starts(tools: Path) -> None:
    """Measure the seconds from the command to the first answer, with nothing changed since the last start."""
    with tempfile.TemporaryDirectory(prefix="tca-bench-") as folder:
        prepare(Path(folder))
        address = ["--url", f"http://127.0.0.1:{PORT}/health/live", "--cwd", str(ROOT)]
        command = [sys.executable, str(tools / "start_time.py"), *address, "--", "make", "run"]
        subprocess.run(command, check=True, env={**os.environ, "PORT": PORT}, cwd=ROOT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tools", type=Path)
    parser.add_argument("--only", choices=("rest", "login", "front", "start"))
    parser.add_argument("-d", default="5", help="seconds of each measurement")
    parser.add_argument("--rounds", default="3", help="measurements of each call of `rest`; the median counts")
    parser.add_argument("--cases", default="", help="only these calls of `rest`, with commas between them")
    arguments = parser.parse_args()
    tools = arguments.tools.resolve()
    if arguments.only == "start":
        starts(tools)
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tca-bench-")))
        prepare(folder / "console")
        serve = [sys.executable, "-m", "tca_app", "serve"]
        raised = {
            "PORT": PORT,
            "LOG_FORMAT": "json",
            "RATE_LIMIT_LOGIN": "1000000/minute",
            "RATE_LIMIT_API": "100000000/minute",
        }
        pid = stack.enter_context(running(serve, f"http://127.0.0.1:{PORT}/health/live", ROOT, **raised))
        if arguments.only != "front":  # the browser has nothing to be compared with, and needs both cores
            limit = [sys.executable, str(tools / "limit" / "serve.py"), LIMIT_PORT, str(folder / "limit")]
            stack.enter_context(running(limit, f"http://127.0.0.1:{LIMIT_PORT}/health", ROOT))
        os.environ.update(OURS_USER="admin", OURS_PASSWORD=PASSWORD, OURS_PID=str(pid))
        os.environ["LIMIT_PID"] = str(folder / "limit" / "web.pid")
        cases = ["--cases", arguments.cases] if arguments.cases else []
        rest = [str(config_for(tools, "systems.json", folder)), "-d", arguments.d, "--rounds", arguments.rounds, *cases]
        runs = {
            "rest": ["compare.py", *rest],
            "login": ["login_bench.py", str(config_for(tools, "systems.json", folder))],
            "front": ["frontend_weight.py", str(config_for(tools, "front.json", folder)), "-n", "5"],
        }
        for name, (script, *options) in runs.items():
            if arguments.only in (None, name):
                subprocess.run([sys.executable, str(tools / script), *options], check=True, cwd=tools)


if __name__ == "__main__":
    main()
