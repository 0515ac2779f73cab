"""The DORA metrics in words, for the dashboard, the overview of a project and the page of the metrics."""

from typing import TypedDict

from tca_app.core.region.formats import number
from tca_app.features.deployments.schemas import MeasuresRead

NOT_MEASURED = "Not measured"
MEANINGS = {
    "Deployment frequency": "Successful deployments per day.",
    "Lead time": "Median time from a commit to its first successful deployment.",
    "Change failure rate": "Share of started deployments that failed or were rolled back.",
    "Time to restore": "Median time from a failed deployment to the next successful one in the same environment.",
}


class Figure(TypedDict):
    """A metric. `basis` says what it was computed from."""

    label: str
    value: str
    basis: str
    meaning: str


def figures_of(found: MeasuresRead) -> list[Figure]:
    """Returns the metrics in words."""
    a_day = number(found.deployments_per_day, 1)
    shown = {
        "Deployment frequency": (f"{a_day} a day", f"{number(found.succeeded)} succeeded"),
        "Lead time": (duration_words(found.lead_time_s), f"{number(found.with_commit_time)} with a commit time"),
        "Change failure rate": (share_words(found.change_failure_rate), f"{number(found.finished)} finished"),
        "Time to restore": (duration_words(found.time_to_restore_s), f"{number(found.restored)} restored"),
    }
    return [
        Figure(label=label, value=value, basis=basis, meaning=MEANINGS[label])
        for label, (value, basis) in shown.items()
    ]


def share_words(share: float | None) -> str:
    return NOT_MEASURED if share is None else f"{number(100 * share)}%"


def duration_words(seconds: float | None) -> str:
    """ "3.2 h", or that there is nothing to measure."""
    if seconds is None:
        return NOT_MEASURED
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{number(seconds / size, 1)} {unit}"
    return f"{seconds:.0f} s"
