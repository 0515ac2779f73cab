"""Which targets failed often and lately: nobody asks them for a while, so that a dead one does not hold up others.

Per process and in memory: a target that one replica leaves alone another may still try.
"""

from time import monotonic

from tca_app.core.jobs.queue import Unreachable
from tca_app.core.plurals import plural

FAILURES_TO_OPEN = 5
OPEN_S = 30.0


class CircuitOpen(Unreachable):
    """It failed often and lately. `for_s`: how long it is still left alone."""

    def __init__(self, reason: str, for_s: float) -> None:
        super().__init__(reason)
        self.for_s = for_s


class _Failing:
    """How often in a row a target failed, and until when it is left alone."""

    def __init__(self) -> None:
        self.failures = 0
        self.open_until = 0.0


# Only what failed last: a target that answers takes no memory, however many there are.
_failing: dict[str, _Failing] = {}


def refuse_if_open(target: str) -> None:
    """Raises CircuitOpen while `target` is left alone."""
    found = _failing.get(target)
    if found is not None and (left := found.open_until - monotonic()) > 0:
        raise CircuitOpen(
            f"{target} failed {plural(found.failures, 'time')} in a row; it is left alone for a moment", left
        )


def note(target: str, is_ok: bool) -> None:
    """What became of asking it."""
    if is_ok:
        _failing.pop(target, None)
        return
    found = _failing.setdefault(target, _Failing())
    found.failures += 1
    if found.failures >= FAILURES_TO_OPEN:
        found.open_until = monotonic() + OPEN_S


def forget_circuits() -> None:
    _failing.clear()
