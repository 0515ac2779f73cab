"""`make run`: one process with stores, migrations, front end and one port, from the first line to a clean end."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from importlib import import_module
from typing import Any

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from tca_app.config.schema import Settings
from tca_app.config.settings import get_settings
from tca_app.core.database.session import close_db, transaction
from tca_app.core.errors import AppError
from tca_app.core.stores.embedded import configured_stores
from tca_app.frontend import build
from tca_app.frontend.build import PAGES_ARE_BUILT
from tca_app.server.bootstrap import first_admin
from tca_app.server.migrate import migrate

LEFT_SECONDS = 3
END_SECONDS = 10  # for requests that are being answered when the end is asked for


class StartError(Exception):
    """The console cannot start; the text is one line for a person."""


def serve(say: Callable[[str], None]) -> None:
    """Run the console until Ctrl-C or SIGTERM. `say` gets each line for the person at the terminal."""
    settings = get_settings()
    claim_port(settings)
    if not (settings.database_url.get_secret_value() and settings.redis_url.get_secret_value()):
        say(f"Starting the stores in {settings.data_dir}")
    with configured_stores(keep=True):
        migrate()
        if build.ensure_built(settings.data_dir, on_start=lambda: say("Building the front end (a minute or two)")):
            say("The front end is built")
        run_to_the_end(run_server(get_settings(), say))


def run_to_the_end(serving: Coroutine[Any, Any, None]) -> None:
    """Run the server. What is left when it ends is cancelled and waited for, but not for ever: a send to a browser that
    reads no more takes no cancellation from granian, and `asyncio.run` would wait for it."""
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(serving)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=LEFT_SECONDS))
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()


async def setup_link(settings: Settings) -> str:
    """The address at which the first admin is made, good for one use; empty when there is one already."""
    try:
        async with transaction() as session:
            token = await first_admin(session, settings)
    except AppError as error:
        faults = [f"FIRST_SUPERUSER_{fault.name.upper()}: {fault.detail}" for fault in error.errors]
        raise StartError("\n".join(faults) or error.detail) from None
    return f"{settings.public_url}/setup?token={token}" if token else ""


async def announce(settings: Settings) -> None:
    """For `reflex run`, which prints where the pages are: the set-up link, or why there is no first admin."""
    try:
        line = setup_line(await setup_link(settings))
    except StartError as error:
        line = str(error)
    sys.stdout.write(f"{line}\n" if line else "")
    sys.stdout.flush()


def setup_line(link: str) -> str:
    return f"Create the first admin (this link works once): {link}" if link else ""


def claim_port(settings: Settings) -> None:
    """Say early and clearly that the port cannot be had."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: a late packet is no owner
            probe.bind(address)
            probe.listen()
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise StartError(f"cannot listen on {where}: {error.strerror}; set PORT or HOST to something else") from None


def _load_app() -> object:
    """Import the console the way Reflex expects it in production: built already, nothing to compile."""
    os.environ["REFLEX_ENV_MODE"] = "prod"
    os.environ["__REFLEX_SKIP_COMPILE"] = "true"
    os.environ[PAGES_ARE_BUILT] = "true"
    return import_module("tca_app.tca_app").app()


async def run_server(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, and let what is being answered then end first."""
    app = _load_app()
    # Before anybody can be told that it is ready: whoever waits for that signs in next.
    link = await setup_link(settings)
    server = Server(app, settings.host, settings.port, interface=Interfaces.ASGI, log_enabled=False, backlog=1024)
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, server.stop)
    interrupted: Any = server.main_loop_interrupt  # the embedded server has asyncio's event, whatever its base says
    serving = asyncio.create_task(server.serve())
    announcing = asyncio.create_task(_announce(settings, link, say))
    ending = {serving, asyncio.create_task(interrupted.wait())}
    await asyncio.wait({announcing, *ending}, return_when="FIRST_COMPLETED")
    if announcing.done():
        announcing.result()
        await asyncio.wait(ending, return_when="FIRST_COMPLETED")
    announcing.cancel()
    done, _ = await asyncio.wait({serving}, timeout=END_SECONDS)
    await close_db()
    if not done:
        serving.cancel()
    elif serving.exception():
        raise StartError(f"the server stopped: {serving.exception()}")


async def _announce(settings: Settings, link: str, say: Callable[[str], None]) -> None:
    while True:
        if await _answers(settings):
            break
        await asyncio.sleep(0.05)
    ready = f"{settings.app_name} is ready: {settings.public_url}"
    # One write: whoever waits for the first line finds the second one there.
    say(f"{ready}\n{setup_line(link)}" if link else ready)


async def _answers(settings: Settings) -> bool:
    """Whether the server answers at all; what it says depends on the hosts that it serves."""
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
