"""The state of a check: when an incident opens and closes, when a result is old, and a summary in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tca_app.core.language.messages import _, ngettext
from tca_app.core.language.stored import stored_name
from tca_app.core.region.formats import number
from tca_app.features.health.schemas import CheckRead, State

Change = Literal["opened", "closed"]

BACKUP = stored_name("Backup")
GRACE = timedelta(minutes=5)  # a run may be late: a result is old after its interval and this


@dataclass(frozen=True, slots=True)
class CheckState:
    """The state of a check. `failures` and `passes` are consecutive results that have not changed the state yet."""

    state: State
    failures: int = 0
    passes: int = 0


def next_state(
    state_now: CheckState, ok: bool | None, opens_after: int, closes_after: int
) -> tuple[CheckState, Change | None]:
    """Returns the state after one more probe, and whether an incident opens or closes.

    `ok` None: there is nothing to check, and so nothing that is down.
    """
    if ok is None:
        return CheckState("unknown"), "closed" if state_now.state == "failing" else None
    if state_now.state == "failing":
        passes = state_now.passes + 1 if ok else 0
        closes = passes >= closes_after
        return (CheckState("passing"), "closed") if closes else (CheckState("failing", 0, passes), None)
    if ok:
        return CheckState("passing"), None
    failures = state_now.failures + 1
    if failures >= opens_after:
        return CheckState("failing"), "opened"
    return CheckState(state_now.state, failures), None


def is_wavering(check: CheckRead) -> bool:
    """Returns whether the last result differs from the state, which one result alone does not change."""
    is_idle = check.is_paused or check.maintenance_until is not None
    return not is_idle and check.last_ok is not None and check.last_ok != (check.state != "failing")


def shown_state(check: CheckRead) -> str:
    """Returns the state as a page shows it. A component that the settings leave out is neither up nor down."""
    is_in_use = check.last_at is None or check.last_ok is not None
    if not is_in_use:
        return "not_scheduled" if check.name == BACKUP else "off"
    return "maintenance" if check.maintenance_until is not None else check.state


@dataclass(frozen=True, slots=True)
class CheckTotals:
    """The monitored components that the viewer may see.

    Those in maintenance are neither failing nor unknown. The last result of `late` ones is too old. `probed_at` is the
    time of the newest result.
    """

    total: int = 0
    failing: int = 0
    unknown: int = 0
    late: int = 0
    maintenance: int = 0
    probed_at: datetime | None = None

    @property
    def works(self) -> int:
        return self.total - self.failing - self.unknown - self.maintenance

    @property
    def words(self) -> str:
        if not self.total:
            return _("No checks yet")
        aside = _(", {number} in maintenance", number=number(self.maintenance)) if self.maintenance else ""
        if self.failing:
            return _(
                "{number} of {total} down{aside}", number=number(self.failing), total=number(self.total), aside=aside
            )
        if self.works == self.total > 1:
            return _("All {total} systems operational", total=number(self.total))
        return _(
            "{number} of {total} operational{aside}", number=number(self.works), total=number(self.total), aside=aside
        )

    def late_since(self, now: datetime) -> datetime | None:
        """Returns since when checks are overdue, or None. If they are, a worker may be missing."""
        is_late = self.late and self.probed_at and now - self.probed_at > GRACE
        return self.probed_at if is_late else None


def lasted(span: timedelta) -> str:
    """ "4 min", "2 h 5 min", "3 days 4 h"."""
    minutes = max(0, int(span.total_seconds() // 60))
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{ngettext('{count} day', '{count} days', days)} {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else _("under 1 min")
