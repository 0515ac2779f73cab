"""The DORA metrics in words, for the dashboard, the overview of a project and the page of the metrics."""

from typing import TypedDict

from tca_app.core.language.messages import N_, _
from tca_app.core.region.formats import number, percent
from tca_app.features.deployments.rounding import (
    DAY_S,
    HOUR_S,
    MINUTE_S,
    rounded_duration,
    rounded_frequency,
)
from tca_app.features.deployments.schemas import MeasuresRead

NOT_MEASURED = N_("Not measured")
_UNITS = {DAY_S: N_("{number} days"), HOUR_S: N_("{number} h"), MINUTE_S: N_("{number} min")}
MEANINGS = {
    "Deployment frequency": N_("Successful deployments per day."),
    "Lead time": N_("Median time from a commit to its first successful deployment."),
    "Change failure rate": N_("Share of started deployments that failed or were rolled back."),
    "Time to restore": N_("Median time from a failed deployment to the next successful one in the same environment."),
}


class Figure(TypedDict):
    """A metric. `basis` says what it was computed from."""

    label: str
    value: str
    basis: str
    meaning: str


def figures_of(found: MeasuresRead) -> list[Figure]:
    """Returns the metrics in words."""
    shown = {
        "Deployment frequency": (
            frequency_words(found.deployments_per_day),
            _("{succeeded} succeeded", succeeded=number(found.succeeded)),
        ),
        "Lead time": (
            duration_words(found.lead_time_s),
            _("{with_commit_time} with a commit time", with_commit_time=number(found.with_commit_time)),
        ),
        "Change failure rate": (
            share_words(found.change_failure_rate),
            _("{finished} finished", finished=number(found.finished)),
        ),
        "Time to restore": (
            duration_words(found.time_to_restore_s),
            _("{restored} restored", restored=number(found.restored)),
        ),
    }
    return [
        Figure(label=_(label), value=value, basis=basis, meaning=_(MEANINGS[label]))
        for label, (value, basis) in shown.items()
    ]


def frequency_words(per_day: float) -> str:
    """ "2.4 a day", "3.5 a week", "less than 0.1 a week" or "None"."""
    if not per_day:
        return _("None")
    amount, days = rounded_frequency(per_day)
    if days == 1:
        return _("{number} a day", number=number(amount, 1))
    if not amount:
        return _("less than {number} a week", number=number(0.1, 1))
    return _("{number} a week", number=number(amount, 1))


def share_words(share: float | None) -> str:
    return _(NOT_MEASURED) if share is None else percent(100 * share, 0)


def duration_words(seconds: float | None) -> str:
    """ "3.2 h", or that there is nothing to measure."""
    if seconds is None:
        return _(NOT_MEASURED)
    amount, size = rounded_duration(seconds)
    return _(_UNITS[size], number=number(amount, 1)) if size in _UNITS else seconds_words(seconds)


def seconds_words(seconds: float) -> str:
    """ "12 s", or that it took less than one."""
    return _("{seconds} s", seconds=number(seconds)) if seconds >= 0.5 else _("under 1 s")
