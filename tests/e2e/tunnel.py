"""A TCP proxy in front of a console, which tests make slow or silent while every connection stays open."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from time import sleep


class Tunnel(ThreadingTCPServer):
    """Passes bytes on to a port of this machine, from a port of its own."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, upstream: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.upstream = upstream
        self.delay_s = 0.0
        self.flows = Event()
        self.flows.set()
        self.cuts = 0

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_address[1]}"

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Nothing passes, in either direction; it arrives afterwards."""
        self.flows.clear()
        yield
        self.flows.set()

    @contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Everything takes so long, in each direction."""
        self.delay_s = seconds
        yield
        self.delay_s = 0.0

    def cut(self) -> None:
        """What is sent on the connections that are open now is lost. New ones work."""
        self.cuts += 1


class _Connection(BaseRequestHandler):
    server: Tunnel

    def handle(self) -> None:
        with (
            suppress(ConnectionRefusedError),
            socket.create_connection(("127.0.0.1", self.server.upstream)) as upstream,
        ):
            back = Thread(target=self._pump, args=(upstream, self.request), daemon=True)
            back.start()
            self._pump(self.request, upstream)
            back.join()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        cuts = self.server.cuts
        try:
            while data := source.recv(65536):
                sleep(self.server.delay_s)
                self.server.flows.wait()
                if self.server.cuts == cuts:
                    target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:  # one end is gone, as happens when a page is closed
            for end in (source, target):
                end.close()


@contextmanager
def tunnel_to(port: int) -> Iterator[Tunnel]:
    with Tunnel(port) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.flows.set()
        running.shutdown()
