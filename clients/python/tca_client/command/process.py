"""Runs the command of a deployment: its output goes to the terminal at once and line by line to a function."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Thread
from types import FrameType

CHUNK = 65_536
MAX_UNFINISHED = 1_000_000  # output without a line end is cut here
DRAIN_S = 5.0  # a program that the command left behind may hold its output open
NOT_EXECUTABLE, NOT_FOUND = 126, 127  # as a shell
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(Exception):
    """A signal came before the command ran."""

    def __init__(self, number: int) -> None:
        super().__init__(signal_name(number))
        self.exit_code = 128 + number


class Stops:
    """Passes SIGINT and SIGTERM on to the command. Before it runs they raise Stopped; after its end they wait."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._has_begun = False

    @contextlib.contextmanager
    def handled(self) -> Iterator[None]:
        """Handle signals meanwhile. Outside of the main thread Python has none."""
        earlier = {}
        with contextlib.suppress(ValueError):
            earlier = {number: signal.signal(number, self._on_signal) for number in STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.received = number
        if self._process is not None:
            _pass_on(self._process, number)
        elif not self._has_begun:
            raise Stopped(number)

    @contextlib.contextmanager
    def of(self, start: Callable[[], subprocess.Popen[bytes]]) -> Iterator[subprocess.Popen[bytes]]:
        """Start the command. A signal that comes in this very moment is passed on to it, too."""
        self._has_begun = True
        process = self._process = start()
        if self.received is not None:
            _pass_on(process, self.received)
        try:
            yield process
        finally:
            self._process = None


def run(
    command: Sequence[str], environment: Mapping[str, str], stops: Stops, on_line: Callable[[str], None]
) -> tuple[int, str]:
    """Run the command to its end. Returns its exit code, and why it failed in words for people.

    Its standard error is written with its standard output, because only one pipe keeps the order.
    """

    def start() -> subprocess.Popen[bytes]:
        group = None if _is_interactive() else 0
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=environment, stdout=pipe, stderr=subprocess.STDOUT, process_group=group)

    try:
        with stops.of(start) as process:
            reader = Thread(target=_read, args=(process, on_line), daemon=True)
            reader.start()
            code = process.wait()
    except FileNotFoundError:
        return NOT_FOUND, f"{command[0]} was not found"
    except OSError as error:
        return NOT_EXECUTABLE, f"{command[0]} cannot be executed: {error.strerror}"
    reader.join(DRAIN_S)
    if code < 0:
        return 128 - code, f"Ended by {signal_name(-code)}"
    return code, f"Exit code {code}" if code else ""


def _is_interactive() -> bool:
    """At a terminal the command stays in the group that the terminal sends Ctrl-C to, and may ask questions."""
    return sys.stdin is not None and sys.stdin.isatty()


def _pass_on(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to the command, and to what it started unless the terminal has done so."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if not _is_interactive():
            os.killpg(process.pid, number)
        elif number != signal.SIGINT:
            process.send_signal(number)


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _read(process: subprocess.Popen[bytes], on_line: Callable[[str], None]) -> None:
    if process.stdout is None:
        return
    rest = b""
    while chunk := os.read(process.stdout.fileno(), CHUNK):
        _show(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            on_line(line.decode(errors="replace"))
        if len(rest) > MAX_UNFINISHED:
            on_line(rest.decode(errors="replace"))
            rest = b""
    if rest:
        on_line(rest.decode(errors="replace"))


def _show(chunk: bytes) -> None:
    """Write to the terminal. That nobody reads it any more does not end the command."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.buffer.write(chunk)
        sys.stdout.flush()
