"""deploy/nginx.conf in front of two servers that have different files, as two versions do."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

from tests.nginx import nginx
from tests.processes import eventually, free_port


class _Replica(BaseHTTPRequestHandler):
    path_of_its_own = ""
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200 if self.path in (self.path_of_its_own, "/health/live") else 404)
        self.send_header("Content-Length", "0")
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
        ending.enter_context(nginx(port, ports))
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
