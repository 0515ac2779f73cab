"""Log lines that callers can cause at will: the first of a kind is written, later ones are counted."""

from time import monotonic
from typing import Any

import structlog

EVERY_S = 10.0


class SampledLog:
    """At most one warning of a kind in ten seconds; `skipped` is how many there were since the one before."""

    def __init__(self, name: str) -> None:
        self._log = structlog.get_logger(name)
        self._kinds: dict[str, tuple[float, int]] = {}

    def warning(self, kind: str, **fields: Any) -> None:
        """`kind` comes from our code, never from a caller: there is a counter for each."""
        now = monotonic()
        written_at, skipped = self._kinds.get(kind, (-EVERY_S, 0))
        if now - written_at < EVERY_S:
            self._kinds[kind] = (written_at, skipped + 1)
            return
        self._kinds[kind] = (now, 0)
        self._log.warning(kind, **fields, **({"skipped": skipped} if skipped else {}))
