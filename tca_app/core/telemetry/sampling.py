"""Samples log lines that callers can cause at will: the first of a kind is written, later ones are counted."""

import logging
from time import monotonic

import structlog

EVERY_S = 10.0
MAX_OF_A_LIBRARY = 5
LIBRARIES = ("reflex", "engineio", "socketio")
EXPORTER = "opentelemetry"  # its errors, too: while the collector is unreachable each batch is one


class SampledLog:
    """Writes at most one warning of a kind in ten seconds. `skipped` counts those suppressed since the last one."""

    def __init__(self, name: str) -> None:
        self._log = structlog.get_logger(name)
        self._kinds: dict[str, tuple[float, int]] = {}

    def warning(self, kind: str, **fields: object) -> None:
        """Log a warning. `kind` must be a constant, never caller input, because each kind has a counter."""
        now = monotonic()
        written_at, skipped = self._kinds.get(kind, (-EVERY_S, 0))
        if now - written_at < EVERY_S:
            self._kinds[kind] = (written_at, skipped + 1)
            return
        self._kinds[kind] = (now, 0)
        self._log.warning(kind, **fields, **({"skipped": skipped} if skipped else {}))


class LibraryFilter(logging.Filter):
    """Limits warnings of the libraries that parse browser messages, and lines of the exporter of traces.

    Five in ten seconds per source line.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        is_parser = record.levelno <= logging.WARNING and record.name.startswith(LIBRARIES)
        if not (is_parser or record.name.startswith(EXPORTER)):
            return True
        line, now = (record.pathname, record.lineno), monotonic()
        began_at, written = self._lines.get(line, (now, 0))
        if now - began_at >= EVERY_S:
            began_at, written = now, 0
        self._lines[line] = (began_at, written + 1)
        return written < MAX_OF_A_LIBRARY
