"""A running REST server on a port of its own, with this worker's database."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from tests.processes import START_S, end_process

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--port", str(port), "--no-ws"]
    env = os.environ | {"STATUS_PUBLIC": "true"}
    server = subprocess.Popen([*command, "--log-level", "error", "tests.api.serve:build"], cwd=ROOT, env=env)
    try:
        _wait_for(server, url)
        yield url
    finally:
        end_process(server, 10)


def _wait_for(server: subprocess.Popen[bytes], url: str) -> None:
    end = monotonic() + START_S
    with httpx.Client() as client:
        while True:
            try:
                client.get(url + "/health/live").raise_for_status()
                return
            except httpx.HTTPError:
                if server.poll() is not None or monotonic() > end:
                    pytest.fail("the REST server did not start")
                sleep(0.05)
