"""State of the view "Metrics" of `/deployments`: four metrics over 7, 30 or 90 days, of all projects or one."""

from typing import Any, ClassVar, TypedDict

from tca_app.core.database.session import reading
from tca_app.core.periods import DEFAULT_PERIOD, period_of
from tca_app.core.region.formats import number
from tca_app.features.deployments.dora_metrics import delivery_measures
from tca_app.features.deployments.schemas import MeasuresQuery, MeasuresRead
from tca_app.features.deployments.ui.state import view_of
from tca_app.features.projects import service as projects
from tca_app.ui.handlers import handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.url import number_in, query_param

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


class MetricsState(RecordState, SessionState):
    is_shown: bool = False
    days: str = DEFAULT_PERIOD
    project: str = ""  # name of the project, or "" for all that the viewer may see
    project_id: int = 0
    figures: list[Figure] = []

    _record_fields: ClassVar = ("project",)

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        self.is_shown = view_of(self.router_data) == "measures"
        if not self.is_shown:
            return
        self._watch(MetricsState.load, "stats")
        days = period_of(query_param(self.router_data, "days"), DEFAULT_PERIOD)
        project_id, actor = number_in(query_param(self.router_data, "project")), self._as_actor()
        if self._enter_record():
            self.project, self.project_id, self.figures = "", project_id, []
        async with reading() as session:
            if project_id:
                self.project = (await projects.get_project(session, actor, project_id)).name
            query = MeasuresQuery(days=days, project_id=project_id or None)
            found = await delivery_measures(session, actor, query)
        self.days, self.figures = days, figures_of(found)


def figures_of(found: MeasuresRead) -> list[Figure]:
    """Returns the metrics in words."""
    rate = NOT_MEASURED if found.change_failure_rate is None else f"{number(100 * found.change_failure_rate)}%"
    a_day = number(found.deployments_per_day, 1)
    shown = {
        "Deployment frequency": (f"{a_day} a day", f"{number(found.succeeded)} succeeded"),
        "Lead time": (_span(found.lead_time_s), f"{number(found.with_commit_time)} with a commit time"),
        "Change failure rate": (rate, f"{number(found.finished)} finished"),
        "Time to restore": (_span(found.time_to_restore_s), f"{number(found.restored)} restored"),
    }
    return [
        Figure(label=label, value=value, basis=basis, meaning=MEANINGS[label])
        for label, (value, basis) in shown.items()
    ]


def _span(seconds: Any) -> str:
    if seconds is None:
        return NOT_MEASURED
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{number(seconds / size, 1)} {unit}"
    return f"{seconds:.0f} s"
