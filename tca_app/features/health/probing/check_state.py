"""The rules of how a check stands: when an incident opens and closes, when an answer is old, and the words for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tca_app.core.plurals import plural
from tca_app.features.health.schemas import CheckRead, State

Change = Literal["opened", "closed"]

GRACE = timedelta(minutes=5)  # a round may come late; an answer that is older than its interval and this is old


@dataclass(frozen=True, slots=True)
class CheckState:
    """How a check stands. `failures` and `passes` are those in a row that do not count yet."""

    state: State
    failures: int = 0
    passes: int = 0


def after(standing: CheckState, ok: bool, opens_after: int, closes_after: int) -> tuple[CheckState, Change | None]:
    """How it stands after one more probe, and what that changes. One bad answer among good ones changes nothing."""
    if standing.state == "failing":
        passes = standing.passes + 1 if ok else 0
        closes = passes >= closes_after
        return (CheckState("passing"), "closed") if closes else (CheckState("failing", 0, passes), None)
    if ok:
        return CheckState("passing"), None
    failures = standing.failures + 1
    if failures >= opens_after:
        return CheckState("failing"), "opened"
    return CheckState(standing.state, failures), None


def is_wavering(check: CheckRead) -> bool:
    """Whether its last answer was another than its state says: one answer alone changes no state."""
    return not check.is_paused and check.last_ok is not None and check.last_ok != (check.state != "failing")


@dataclass(frozen=True, slots=True)
class CheckTotals:
    """The components that somebody may see and that are asked.

    Of those that are `late` the last answer is too old; the last of all came at `probed_at`.
    """

    total: int = 0
    failing: int = 0
    unknown: int = 0
    late: int = 0
    probed_at: datetime | None = None

    @property
    def words(self) -> str:
        if not self.total:
            return "No checks yet"
        if self.failing:
            return f"{self.failing:,} of {self.total:,} {'fails' if self.failing == 1 else 'fail'}"
        works = self.total - self.unknown
        if works == self.total > 1:
            return f"All {self.total:,} work"
        return f"{works:,} of {self.total:,} {'works' if works == 1 else 'work'}"

    def late_since(self, now: datetime) -> datetime | None:
        """Since when nothing was probed although something ought to have been: then a worker may be missing."""
        is_late = self.late and self.probed_at and now - self.probed_at > GRACE
        return self.probed_at if is_late else None


def lasted(span: timedelta) -> str:
    """ "4 min", "2 h 5 min", "3 days 4 h"."""
    minutes = max(0, int(span.total_seconds() // 60))
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{plural(days, 'day')} {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
