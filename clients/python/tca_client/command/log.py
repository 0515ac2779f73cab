"""Sends the output of the command as the log of the deployment, in order, from a thread of its own."""

import contextlib
from collections import deque
from threading import Condition, Thread

from tca_client.client import Client
from tca_client.command.masks import Masks
from tca_client.errors import Conflict, TcaError, Unreachable
from tca_client.generated.models import LogAppend

MAX_LINE = 10_000
MAX_LINES = 100_000
MAX_BATCH = 1_000
MAX_BATCH_CHARS = 120_000  # at most six bytes a character in JSON: under the 1 MiB of a body
MAX_WAITING_CHARS = 32_000_000  # kept in memory while the console is unreachable
PAUSE_S = 1.0
REST_S = 10.0
SIGN_OF_LIFE_S = 600.0  # a deployment without any report times out


class Log:
    """The lines that are still to be sent. Nothing is sent before `start`.

    It never holds up the command: what the console does not take is left out, and `problem` says why.
    """

    def __init__(self, masks: Masks) -> None:
        self.problem = ""
        self._masks = masks
        self._lines: deque[str] = deque()
        self._chars = 0
        self._left_out = 0
        self._is_closed = False
        self._changed = Condition()
        self._thread: Thread | None = None

    def add(self, text: str) -> None:
        """Add a line of output. What a progress bar overwrites is left out, and a long line becomes several."""
        line = self._masks.hide(text.rstrip("\r").rpartition("\r")[2].replace("\0", ""))
        if line is None:
            return
        with self._changed:
            if self.problem or self._chars > MAX_WAITING_CHARS:
                self._left_out += 1
                return
            parts = [line[start : start + MAX_LINE] for start in range(0, len(line), MAX_LINE)] or [""]
            self._lines.extend(parts)
            self._chars += len(line) + len(parts)
            self._changed.notify()

    def start(self, client: Client, deployment_id: int, first_seq: int) -> None:
        self._thread = Thread(target=self._send_all, args=(client, deployment_id, first_seq), daemon=True)
        self._thread.start()

    def close(self, timeout_s: float) -> None:
        """Send what is left, and return when it is sent or after `timeout_s`."""
        with self._changed:
            if self._left_out:
                self._lines.append(f"tca: {self._left_out} lines were left out")
            self._is_closed = True
            self._changed.notify()
        if self._thread is None:
            return
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            self.problem = self.problem or "the console took the log too slowly"

    def _send_all(self, client: Client, deployment_id: int, first_seq: int) -> None:
        while not self.problem and (batch := self._next_batch()) is not None:
            try:
                if batch:
                    body: LogAppend = {"first_seq": first_seq, "lines": batch}
                    # Lines have numbers, so a batch may be sent again without a key.
                    first_seq = client.append_log(deployment_id, body, idempotency_key="")["next_seq"]
                else:
                    _give_sign_of_life(client, deployment_id)
            except Unreachable as lost:
                self._put_back(batch)
                if self._is_closed:
                    self.problem = str(lost)
                self._rest()
            except TcaError as refused:
                self.problem = str(refused)

    def _next_batch(self) -> list[str] | None:
        """Wait for lines, and a moment longer for those that follow. None at the end, empty after a long silence."""
        with self._changed:
            if not self._lines and not self._is_closed:
                self._changed.wait(SIGN_OF_LIFE_S)
            if not self._lines:
                return None if self._is_closed else []
            self._changed.wait_for(lambda: self._is_closed or len(self._lines) >= MAX_BATCH, PAUSE_S)
            batch: list[str] = []
            chars = 0
            while self._lines and len(batch) < MAX_BATCH and chars < MAX_BATCH_CHARS:
                batch.append(self._lines.popleft())
                chars += len(batch[-1]) + 1
            self._chars -= chars
            return batch

    def _rest(self) -> None:
        """Leave a console alone that has just failed, unless the command has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed, REST_S)

    def _put_back(self, batch: list[str]) -> None:
        with self._changed:
            self._lines.extendleft(reversed(batch))
            self._chars += sum(len(line) + 1 for line in batch)


def _give_sign_of_life(client: Client, deployment_id: int) -> None:
    """A refused report counts as a report: a command may be silent for longer than a deployment may."""
    with contextlib.suppress(Conflict):
        client.step_deployment(deployment_id, {"status": "in_progress"})
