"""The rule by which an incident opens and closes: so many failures, and so many passes, in a row."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

State = Literal["unknown", "passing", "failing"]
Change = Literal["opened", "closed"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a check stands. `failures` and `passes` are those in a row that do not count yet."""

    state: State
    failures: int = 0
    passes: int = 0


def after(standing: Standing, ok: bool, opens_after: int, closes_after: int) -> tuple[Standing, Change | None]:
    """How it stands after one more probe, and what that changes. One bad answer among good ones changes nothing."""
    if standing.state == "failing":
        passes = standing.passes + 1 if ok else 0
        closes = passes >= closes_after
        return (Standing("passing"), "closed") if closes else (Standing("failing", 0, passes), None)
    if ok:
        return Standing("passing"), None
    failures = standing.failures + 1
    if failures >= opens_after:
        return Standing("failing"), "opened"
    return Standing(standing.state, failures), None


def lasted(span: timedelta) -> str:
    """ "4 min", "2 h 5 min", "3 days 4 h"."""
    minutes = max(0, int(span.total_seconds() // 60))
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} {'day' if days == 1 else 'days'} {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
