"""Times a reload under `reflex run`: `python -m benchmarks.reload [ROUNDS]`. Needs Chromium.

It works on a copy of the sources. A changed label counts until the browser shows it, a changed service until REST
answers with it. `import_s` is the CPU time that a worker needs to import the application.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from socket import socket
from statistics import median
from time import monotonic, sleep

from playwright.sync_api import Error, Page, sync_playwright

from benchmarks.console import ROOT

LABEL = ("tca_app/features/auth/ui/sign_in_pages.py", "Use your username or your email address.")
SERVICE = (
    "tca_app/features/auth/setup.py",
    "This setup link is no longer valid. Restart the console to get a new one.",
)
WAIT_S = 180
IMPORT = """
import time
import reflex.app, rxconfig
{before}
began = time.process_time()
import tca_app.tca_app
print(time.process_time() - began)
"""


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="tca-reload-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "console"
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
        for name in listed.stdout.splitlines():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, home / name)
        for name in (".web", "reflex.lock"):  # what npm has installed
            if (ROOT / name).exists():
                shutil.copytree(ROOT / name, home / name, symlinks=True, dirs_exist_ok=True)
        result = {"import_s": import_s(home), **reloads(home, Path(folder) / "data", rounds)}
    print(json.dumps(result))


def import_s(home: Path) -> dict[str, float]:
    """Return the CPU seconds of an import in a worker that inherits our libraries, and in one that does not."""
    preload = "from tca_app.server.development import preload_libraries; preload_libraries()"

    def measure(before: str) -> float:
        command = [sys.executable, "-c", IMPORT.format(before=before)]
        return float(subprocess.run(command, cwd=home, capture_output=True, text=True, check=True).stdout)

    pairs = [(measure(""), measure(preload)) for _ in range(3)]
    return {"alone": round(min(alone for alone, _ in pairs), 2), "preloaded": round(min(few for _, few in pairs), 2)}


def free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def reloads(home: Path, data: Path, rounds: int) -> dict[str, object]:
    api, pages = free_port(), free_port()
    names = {"DATA_DIR": str(data), "DATABASE_URL": "", "REDIS_URL": "", "RATE_LIMIT_LOGIN": "", "PORT": str(api)}
    command = [sys.executable, "-m", "reflex", "run", "--frontend-port", str(pages)]
    with (data.parent / "reflex.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=home, env=os.environ | names, stdout=log, stderr=log, start_new_session=True
        )
    try:
        with sync_playwright() as playwright:
            path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
            page = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]).new_page()
            until(lambda: refusal(api) == SERVICE[1], "REST answers")
            until(lambda: shows(page, f"http://localhost:{pages}/login", LABEL[1]), "the page is there")
            labels = [
                timed(home, LABEL, number, lambda text: text in page.inner_text("body")) for number in range(rounds)
            ]
            services = [timed(home, SERVICE, number, lambda text: refusal(api) == text) for number in range(rounds)]
    except AssertionError:
        print((data.parent / "reflex.log").read_text()[-3000:], file=sys.stderr)
        raise
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)
    return {
        "label_s": labels,
        "label_median_s": median(labels),
        "service_s": services,
        "service_median_s": median(services),
    }


def timed(home: Path, place: tuple[str, str], number: int, is_there: Callable[[str], bool]) -> float:
    """Change a text in the sources, and return how long it takes until it is there."""
    file, text = home / place[0], place[1]
    wanted = f"{text} ({number})"
    source = (ROOT / place[0]).read_text().replace(text, wanted)
    sleep(3)  # the work of the last change has ended
    began = monotonic()
    file.write_text(source)
    until(lambda: is_there(wanted), wanted)
    return round(monotonic() - began, 2)


def until(is_so: Callable[[], bool], what: str) -> None:
    end = monotonic() + WAIT_S
    while not is_so():
        assert monotonic() < end, f"not within {WAIT_S} s: {what}"
        sleep(0.05)


def shows(page: Page, url: str, text: str) -> bool:
    try:
        page.goto(url)
        return text in page.inner_text("body")
    except Error:  # the server of the pages is not there yet
        return False


def refusal(port: int) -> str:
    body = json.dumps(
        {"token": "t" * 43, "email": "a@example.com", "username": "ada", "full_name": "", "password": "Wrong-Boat-4242"}
    ).encode()
    request = urllib.request.Request(
        f"http://localhost:{port}/api/auth/setup",
        body,
        {"content-type": "application/json", "x-requested-with": "tca-console", "origin": f"http://localhost:{port}"},
    )
    try:
        urllib.request.urlopen(request, timeout=5).close()
    except urllib.error.HTTPError as refused:
        return str(json.loads(refused.read() or b"{}").get("detail"))
    except (OSError, ValueError):
        return ""
    return ""


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
