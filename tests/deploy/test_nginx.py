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
TRACES: list[str | None] = []
FORGED = {"X-Request-Id": "forged", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}


@pytest.mark.parametrize("rules", sorted(DEPLOY.glob("nginx-*.sed")), ids=lambda rules: rules.stem)
def test_every_rule_finds_its_line(rules: Path) -> None:
    """One that finds nothing says nothing."""
    found = [line.split("|")[1].strip("^") for line in rules.read_text().splitlines() if line.startswith("s|")]
    assert len(found) > 4
    assert [rule for rule in found if rule not in TEMPLATE.read_text()] == []


class _Replica(BaseHTTPRequestHandler):
    file = ""  # of its build, with the headers of the console
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        SEEN.append(self.headers["X-Request-Id"])
        TRACES.append(self.headers["traceparent"])
        has_file = self.path.partition("?")[0] == self.file
        self.send_response(200 if has_file or self.path == "/health/live" else 404)
        self.send_header("Content-Length", "0")
        self.send_header("Cache-Control", "public, max-age=31536000, immutable" if has_file else "no-cache")
        self.send_header("Vary", "Accept-Encoding")
        if has_file or self.path == "/own-id":
            self.send_header("X-Request-Id", "of-the-console")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def _replica(file: str) -> Iterator[tuple[str, type[_Replica]]]:
    kind = type("Replica", (_Replica,), {"file": file})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield str(server.server_port), kind
        server.shutdown()


def test_a_file_of_either_version_is_found_while_both_serve_and_afterwards() -> None:
    port = free_port()
    with ExitStack() as ending:
        replicas = [ending.enter_context(_replica(file)) for file in ("/assets/old-1.js", "/assets/new-2.js")]
        home = ending.enter_context(nginx(port, [own for own, _ in replicas]))
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

        # Both replicas have the new version: nginx keeps the files of the old one that were requested.
        replicas[0][1].file = "/assets/new-2.js"
        kept = client.get("/assets/old-1.js?another")
        assert (kept.status_code, kept.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
        assert re.fullmatch("[0-9a-f]{32}", kept.headers["X-Request-Id"])
        assert client.get("/assets/gone.js").status_code == 404  # is not kept

        # The replica gets an id that the caller cannot choose; the log has the one that the response carries.
        SEEN.clear()
        assert client.get("/own-id", headers=FORGED).headers["X-Request-Id"] == "of-the-console"
        refused = client.post("/own-id", content=b"x" * 1_100_000)
        assert refused.status_code == 413
        assert len(refused.headers["X-Request-Id"]) == 32
        assert len(SEEN) == 1
        assert re.fullmatch("[0-9a-f]{32}", SEEN[0])
        assert set(TRACES) == {None}
        ids = ["of-the-console", refused.headers["X-Request-Id"]]
        eventually(lambda: [line.split()[-1] for line in _log_lines(home)[-2:]] == ids, "both ids are in the log")


def _log_lines(home: Path) -> list[str]:
    return (home / "access.log").read_text().splitlines()
