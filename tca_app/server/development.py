"""What `reflex run` needs beside Reflex: the stores, and settings that agree with the ports that Reflex chose.

Reflex forks its workers from the process that loads this first and expects them to load our modules fresh after an
edit, so little may be imported here.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading

from reflex_base.constants.installer import PackageJson

from tca_app.config.schema import own_url
from tca_app.config.settings import get_settings

MAIN_PROCESS = "TCA_STORES"  # its process id; the workers and the reloaded settings inherit it


def start_stores() -> None:
    """Start what the settings do not name, apply the migrations, and tell this process and its children where.

    A helper process holds them: it ends when Reflex does, however it ends, because its input stays open as long as this
    process or a worker lives. When the helper ends first, so does this process.
    """
    command = [sys.executable, "-m", "tca_app", "stores"]
    helper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    _kept_open.append(helper)
    answer = helper.stdout.readline() if helper.stdout else ""
    if not answer:
        sys.exit(helper.wait() or 1)  # it has said why on stderr
    os.environ.update(json.loads(answer))
    get_settings.cache_clear()
    atexit.register(_exit_with_error)  # the last thing that runs: Reflex itself ends with 0 after a signal
    threading.Thread(target=_end_with, args=(helper,), daemon=True).start()


_kept_open: list[subprocess.Popen[str]] = []
_failed = threading.Event()


def _end_with(helper: subprocess.Popen[str]) -> None:
    helper.wait()
    _failed.set()
    os.kill(os.getpid(), signal.SIGTERM)


def _exit_with_error() -> None:
    if _failed.is_set():
        os._exit(1)


def serve_pages_on(host: str) -> None:
    """Have Node listen on HOST alone; by itself Reflex has it listen on every address of the machine."""
    PackageJson.Commands.DEV = f"react-router dev --host {host}"


def adopt_ports() -> None:
    """In a worker: settings with the ports that Reflex chose. It gives PORT to Node, with the port of the pages."""
    if os.environ.get(MAIN_PROCESS, "") in ("", str(os.getpid())):
        return
    api_port, page_port = (os.environ.get(f"REFLEX_{name}_PORT") for name in ("BACKEND", "FRONTEND"))
    if api_port:
        os.environ["PORT"] = api_port
    get_settings.cache_clear()
    settings = get_settings()
    if page_port and settings.public_url == own_url(settings.host, settings.port):  # it was not set
        os.environ["PUBLIC_URL"] = own_url(settings.host, int(page_port))
        get_settings.cache_clear()
