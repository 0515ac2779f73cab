"""What `reflex run` derives from the ports that Reflex chose. The workers inherit its environment."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from reflex_base.constants.installer import PackageJson

from tca_app.config.settings import get_settings
from tca_app.server.development import MAIN_PROCESS, adopt_ports, serve_pages_on


@pytest.fixture(autouse=True)
def _worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a worker: PORT is that of the pages, which Reflex has set for Node."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    os.environ |= {MAIN_PROCESS: "1", "PORT": "3001", "REFLEX_FRONTEND_PORT": "3001", "REFLEX_BACKEND_PORT": "8100"}
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def test_sign_in_works_on_the_port_of_the_pages_and_links_lead_there() -> None:
    adopt_ports()
    settings = get_settings()
    assert settings.port == 8100
    assert settings.public_url == "http://localhost:3001"
    assert {f"http://{name}:3001" for name in ("localhost", "127.0.0.1", "[::1]")} <= set(settings.allowed_origins)


def test_an_address_that_is_set_stays() -> None:
    os.environ["PUBLIC_URL"] = "https://dev.example.com"
    adopt_ports()
    assert get_settings().public_url == "https://dev.example.com"
    assert "http://localhost:8100" in get_settings().allowed_origins


def test_the_main_process_and_other_commands_keep_their_settings() -> None:
    for process in (str(os.getpid()), ""):
        os.environ[MAIN_PROCESS] = process
        adopt_ports()
        assert get_settings().port == 3001


def test_node_listens_on_host_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PackageJson.Commands, "DEV", PackageJson.Commands.DEV)
    serve_pages_on("127.0.0.1")
    assert PackageJson.Commands.DEV == "react-router dev --host 127.0.0.1"


def test_the_main_process_loads_libraries_of_the_application_and_nothing_of_ours() -> None:
    """A worker inherits what is loaded. It must load our modules fresh, and a library that nobody uses costs time."""
    fresh = (
        "import sys; from tca_app.server.development import preload_libraries; before = set(sys.modules);"
        "preload_libraries(); print([name for name in sys.modules.keys() - before if name.startswith('tca_app')])"
    )
    unused = (
        "import sys, tca_app.tca_app; from tca_app.server.development import LIBRARIES;"
        "print([name for name in LIBRARIES if name not in sys.modules])"
    )
    for script in (fresh, unused):
        done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
        assert done.stdout.strip() == "[]"
