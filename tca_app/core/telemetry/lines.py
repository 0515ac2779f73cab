"""Lines that a process writes beside its log, such as its address at the start: text, or JSON like the log."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TextIO


class Lines:
    """Writes lines to the terminal. `as_json` is set when a process starts whose LOG_FORMAT is json."""

    as_json = False

    def say(self, *texts: str) -> None:
        """Write results to standard output, in one piece."""
        self._write(sys.stdout, "info", texts)

    def note(self, *texts: str) -> None:
        """Write what happened to standard error."""
        self._write(sys.stderr, "info", texts)

    def warn(self, *texts: str) -> None:
        self._write(sys.stderr, "warning", texts if self.as_json else [f"Warning: {text}" for text in texts])

    def fail(self, *texts: str) -> None:
        self._write(sys.stderr, "error", texts)

    def _write(self, stream: TextIO, level: str, texts: Sequence[str]) -> None:
        shown = [_json(level, text) for text in texts] if self.as_json else texts
        stream.write("".join(f"{line}\n" for line in shown))
        stream.flush()


def _json(level: str, text: str) -> str:
    """Return the line with the keys of the log."""
    timestamp = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"event": text, "level": level, "timestamp": timestamp})


lines = Lines()
