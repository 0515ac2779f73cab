"""deploy/nginx.conf in front of two servers that have different files, as two versions do."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from tests.nginx import TEMPLATE, nginx
from tests.processes import eventually, free_port

SEEN: list[str] = []
DEPLOY = TEMPLATE.parent


@pytest.mark.parametrize("rules", sorted(DEPLOY.glob("nginx-*.sed")), ids=lambda rules: rules.stem)
def test_every_rule_finds_its_line(rules: Path) -> None:
    """One that finds nothing says nothing."""
    found = [line.split("|")[1].strip("^") for line in rules.read_text().splitlines() if line.startswith("s|")]
    assert len(found) > 4
    assert [rule for rule in found if rule not in TEMPLATE.read_text()] == []


class _Replica(BaseHTTPRequestHandler):
    path_of_its_own = ""
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        SEEN.append(self.headers["X-Request-Id"])
        self.send_response(200 if self.path in (self.path_of_its_own, "/health/live") else 404)
        self.send_header("Content-Length", "0")
        if self.path == "/own-id":
            self.send_header("X-Request-Id", "of-the-console")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def _replica(path: str) -> Iterator[str]:
    kind = type("Replica", (_Replica,), {"path_of_its_own": path})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield str(server.server_port)
        server.shutdown()


def test_a_file_of_either_version_is_found_while_both_serve() -> None:
    port = free_port()
    with ExitStack() as ending:
        ports = [ending.enter_context(_replica(path)) for path in ("/assets/old-1.js", "/assets/new-2.js")]
        home = ending.enter_context(nginx(port, ports))
        client = ending.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}"))

        def is_up() -> bool:
            try:
                return client.get("/health/live").is_success
            except httpx.HTTPError:
                return False

        eventually(is_up, "nginx answers")
        for path in ("/assets/old-1.js", "/assets/new-2.js") * 4:
            assert client.get(path).status_code == 200
        assert client.get("/assets/gone.js").status_code == 404

        # The replica gets an id that the caller cannot choose; the log has the one that the response carries.
        SEEN.clear()
        assert client.get("/own-id", headers={"X-Request-Id": "forged"}).headers["X-Request-Id"] == "of-the-console"
        refused = client.post("/own-id", content=b"x" * 1_100_000)
        assert refused.status_code == 413
        assert len(refused.headers["X-Request-Id"]) == 32
        assert len(SEEN) == 1
        assert re.fullmatch("[0-9a-f]{32}", SEEN[0])
        ids = ["of-the-console", refused.headers["X-Request-Id"]]
        eventually(lambda: [line.split()[-1] for line in _log_lines(home)[-2:]] == ids, "both ids are in the log")


def _log_lines(home: Path) -> list[str]:
    return (home / "access.log").read_text().splitlines()
