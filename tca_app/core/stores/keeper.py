"""Restarts an embedded store that ends while it is in use, at the same address."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Protocol

from tca_app.core.stores.servers import StoreError
from tca_app.core.telemetry.lines import lines

POLL_INTERVAL_S = 1.0
STABLE_S = 2.0  # a store that ends sooner after its start counts as a failed start
MAX_FAILURES = 3


class Server(Protocol):
    """A store whose socket can be checked."""

    name: str

    @property
    def address(self) -> Path:
        """Return the path of its socket."""


class Keeper(threading.Thread):
    """Checks the stores every second. After three failed starts in a row it ends this process, for the supervisor."""

    def __init__(self, servers: Sequence[Server], start: Callable[[Sequence[str]], None]) -> None:
        super().__init__(name="stores", daemon=True)
        self._servers, self._start_again = servers, start
        self._ending = threading.Event()
        self.fault = ""

    def run(self) -> None:
        failures, started_at = 0, 0.0
        while not self._ending.wait(POLL_INTERVAL_S):
            gone = [server.name for server in self._servers if is_gone(server.address)]
            if not gone:
                failures = failures if monotonic() - started_at < STABLE_S else 0
                continue
            failures += 1
            reason = self._restart(gone) if failures <= MAX_FAILURES else "it ends again and again"
            started_at = monotonic()
            if reason and failures >= MAX_FAILURES:
                self._give_up(f"{' and '.join(gone)} ended and cannot be started again: {reason}")
                return

    def stop(self) -> None:
        """Stop the thread, and wait until it cannot start a store any more."""
        self._ending.set()
        self.join()

    def _restart(self, gone: Sequence[str]) -> str:
        """Restart the stores. Returns the reason of a failure, or ""."""
        lines.note(f"{' and '.join(gone)} ended; starting again")
        try:
            self._start_again(gone)
        except (StoreError, OSError) as error:
            lines.note(str(error))
            return str(error)
        lines.note(f"{' and '.join(gone)} started again")
        return ""

    def _give_up(self, fault: str) -> None:
        self.fault = fault
        os.kill(os.getpid(), signal.SIGTERM)


def is_gone(address: Path) -> bool:
    """Return True if nothing listens on the socket. A store that listens without answering is busy or frozen."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            line.connect(str(address))
    except (ConnectionRefusedError, FileNotFoundError):
        return True
    except OSError:
        return False
    return False
