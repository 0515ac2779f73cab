"""Circuit breaker: stops calls to a target that fails repeatedly, so that a dead target does not delay others.

It is per process and in memory, so another replica may still try the target.
"""

from time import monotonic

from tca_app.core.jobs.queue import Unreachable
from tca_app.core.plurals import plural

FAILURES_TO_OPEN = 5
OPEN_S = 30.0


class CircuitOpen(Unreachable):
    """The circuit of the target is open, for another `for_s` seconds."""

    def __init__(self, reason: str, for_s: float) -> None:
        super().__init__(reason)
        self.for_s = for_s


class _Failing:
    """The consecutive failures of a target, and until when its circuit is open."""

    def __init__(self) -> None:
        self.failures = 0
        self.open_until = 0.0


# Holds only targets whose last call failed, so healthy targets take no memory.
_failing: dict[str, _Failing] = {}


def refuse_if_open(target: str) -> None:
    """Raise CircuitOpen while the circuit of `target` is open."""
    entry = _failing.get(target)
    if entry is not None and (left := entry.open_until - monotonic()) > 0:
        raise CircuitOpen(
            f"{target} failed {plural(entry.failures, 'time')} in a row; it is left alone for a moment", left
        )


def note(target: str, is_ok: bool) -> None:
    """Record the result of a call to the target."""
    if is_ok:
        _failing.pop(target, None)
        return
    entry = _failing.setdefault(target, _Failing())
    entry.failures += 1
    if entry.failures >= FAILURES_TO_OPEN:
        entry.open_until = monotonic() + OPEN_S


def forget_circuits() -> None:
    _failing.clear()
