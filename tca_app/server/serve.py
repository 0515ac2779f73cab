"""`make run`: one process with stores, migrations, front end and one port, from start to clean shutdown."""

import asyncio
import gc
import os
import socket
import sys
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server

from tca_app.config.schema import Settings
from tca_app.config.settings import get_settings
from tca_app.core.database.session import close_db, transaction
from tca_app.core.errors import AppError
from tca_app.core.instance import instance_settings
from tca_app.core.stores.embedded import configured_stores
from tca_app.core.telemetry.lines import lines
from tca_app.features.deployments.reports.waiting import end_waiting
from tca_app.frontend import build
from tca_app.frontend.build import PAGES_ARE_BUILT
from tca_app.server.bootstrap import first_admin
from tca_app.server.lifespan import on_stop, run_to_the_end
from tca_app.server.migrate import migrate

SHUTDOWN_TIMEOUT_S = 10  # for requests in progress


class StartError(Exception):
    """The console cannot start. The text is one line for a person."""


def serve() -> None:
    """Run the console until Ctrl-C or SIGTERM."""
    settings = get_settings()
    claim_port(settings.host, settings.port)
    if not (settings.database_url.get_secret_value() and settings.redis_url.get_secret_value()):
        lines.say(f"Starting the stores in {settings.data_dir}")
    with configured_stores(keep=True):
        migrate()
        build_pages(settings)
        run_to_the_end(run_server(get_settings()))


def build_pages(settings: Settings) -> None:
    """Build the front end unless it is up to date."""
    if build.ensure_built(settings.data_dir, on_start=lambda: lines.say("Building the front end (a minute or two)")):
        lines.say("The front end is built")


async def setup_link(settings: Settings) -> str:
    """Return the one-time link that creates the first admin; empty when an admin exists."""
    try:
        async with transaction() as session:
            token = await first_admin(session, settings)
    except AppError as error:
        faults = [f"FIRST_SUPERUSER_{fault.name.upper()}: {fault.detail}" for fault in error.errors]
        raise StartError("\n".join(faults) or error.detail) from None
    return f"{settings.public_url}/setup?token={token}" if token else ""


async def announce(settings: Settings) -> None:
    """Print the setup link, or why there is none, for `reflex run`, which prints the page URL itself."""
    try:
        line = setup_line(await setup_link(settings))
    except StartError as error:
        line = str(error)
    sys.stdout.write(f"{line}\n" if line else "")
    sys.stdout.flush()


def setup_line(link: str) -> str:
    return f"Create the first admin (this link works once): {link}" if link else ""


def claim_port(host: str, port: int, setting: str = "PORT") -> None:
    """Raise StartError early if the port is not available."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = addresses[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(
                socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
            )  # as the server does, so that TIME_WAIT does not count as in use
            probe.bind(address)
            probe.listen()
    except OSError as error:
        raise StartError(
            f"cannot listen on {host}:{port}: {error.strerror}; set {setting} or HOST to something else"
        ) from None


def _load_app() -> object:
    """Import the application as Reflex expects it in production: already built, nothing to compile."""
    os.environ["REFLEX_ENV_MODE"] = "prod"
    os.environ["__REFLEX_SKIP_COMPILE"] = "true"
    os.environ[PAGES_ARE_BUILT] = "true"
    build.name_build()
    gc.disable()  # until the process serves: imports leave no garbage
    return import_module("tca_app.tca_app").app()


async def run_server(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM, then let the requests in progress finish."""
    app = _load_app()
    # Before the server is announced as ready, because the operator signs in next.
    link = await setup_link(settings)
    server = Server(app, settings.host, settings.port, interface=Interfaces.ASGI, log_enabled=False, backlog=1024)
    on_stop(partial(_stop, server))
    interrupted: Any = server.main_loop_interrupt  # the embedded server uses an asyncio event, unlike its base class
    serving = asyncio.create_task(server.serve())
    announcing = asyncio.create_task(_announce(settings, link))
    ending = {serving, asyncio.create_task(interrupted.wait())}
    await asyncio.wait({announcing, *ending}, return_when="FIRST_COMPLETED")
    if announcing.done():
        announcing.result()
        await asyncio.wait(ending, return_when="FIRST_COMPLETED")
    announcing.cancel()
    done, _ = await asyncio.wait({serving}, timeout=SHUTDOWN_TIMEOUT_S)
    await close_db()
    if not done:
        serving.cancel()
    elif serving.exception():
        raise StartError(f"the server stopped: {serving.exception()}")


def _stop(server: Server) -> None:
    end_waiting()  # or else a job that waits for an approval would delay the end
    server.stop()  # type: ignore[no-untyped-call]


async def _announce(settings: Settings, link: str) -> None:
    while True:
        if await _answers(settings):
            break
        await asyncio.sleep(0.05)
    ready = f"{instance_settings().app_name} is ready: {settings.public_url}"
    # One write, so that a reader of the first line also gets the second.
    lines.say(*filter(None, [ready, setup_line(link)]))


async def _answers(settings: Settings) -> bool:
    """Return True if the server answers, with any status, because that depends on ALLOWED_HOSTS."""
    try:
        reader, writer = await asyncio.open_connection(settings.host, settings.port)
    except OSError:
        return False
    writer.write(b"GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    answer = b""
    with suppress(OSError):
        answer = await reader.readline()
    writer.close()
    return answer.startswith(b"HTTP/")
