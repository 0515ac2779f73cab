"""Support for `reflex run`: starts the stores and adapts the settings to the ports that Reflex chose.

Reflex forks its workers from the process that loads this module first and expects them to import the application fresh
after an edit, so this module imports little of ours.
"""

import atexit
import importlib
import json
import os
import signal
import subprocess
import sys
import threading

from reflex_base.constants.installer import PackageJson

from tca_app.config.schema import own_url
from tca_app.config.settings import get_settings

# Imported by the application and not changed by an edit. Each module here saves every worker its time.
LIBRARIES = (
    "aiosmtplib",
    "alembic.config",
    "authlib.oauth2",
    "authlib.oidc.discovery",
    "fastapi_offline",
    "granian",
    "httpx",
    "jinja2",
    "joserfc.jwt",
    "jwt",
    "limits.aio",
    "passlib.context",
    "procrastinate",
    "prometheus_client",
    "psycopg",
    "pyotp",
    "redis.asyncio",
    "segno",
    "sqlalchemy.ext.asyncio",
    "sqlmodel",
    "structlog",
    "webauthn",
    "zxcvbn",
)
MAIN_PROCESS = "TCA_STORES"  # the process id of the main process; workers and reloaded settings inherit it


def start_stores() -> None:
    """Start the embedded stores, apply the migrations, and set the URLs in the environment.

    A helper process holds the stores. Its standard input stays open while this process or a worker lives, so it ends
    when Reflex ends, however that happens. When the helper ends first, so does this process.
    """
    command = [sys.executable, "-m", "tca_app", "stores"]
    helper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    _kept_open.append(helper)
    preload_libraries()  # while the stores start
    answer = helper.stdout.readline() if helper.stdout else ""
    if not answer:
        sys.exit(helper.wait() or 1)  # it has printed the reason on stderr
    os.environ.update(json.loads(answer))
    get_settings.cache_clear()
    atexit.register(_exit_with_error)  # runs last: Reflex itself exits with 0 after a signal
    threading.Thread(target=_end_with, args=(helper,), daemon=True).start()


def preload_libraries() -> None:
    """Import the libraries in the main process, so that workers inherit them at each reload."""
    for name in LIBRARIES:
        importlib.import_module(name)


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
    """Make Node listen on HOST only. By default Reflex makes it listen on all interfaces."""
    PackageJson.Commands.DEV = f"react-router dev --host {host}"


def adopt_ports() -> None:
    """Adapt the settings of a worker to the ports that Reflex chose. Reflex passes the page port to Node as PORT."""
    if os.environ.get(MAIN_PROCESS, "") in ("", str(os.getpid())):
        return
    api_port, page_port = (os.environ.get(f"REFLEX_{name}_PORT") for name in ("BACKEND", "FRONTEND"))
    if api_port:
        os.environ["PORT"] = api_port
    get_settings.cache_clear()
    settings = get_settings()
    if page_port and settings.public_url == own_url(settings.host, settings.port):  # PUBLIC_URL was not set
        os.environ["PUBLIC_URL"] = own_url(settings.host, int(page_port))
        get_settings.cache_clear()
