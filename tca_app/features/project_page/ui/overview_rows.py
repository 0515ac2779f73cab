"""View models of the overview of a project."""

from collections.abc import Sequence
from typing import TypedDict

from tca_app.core.language.messages import _
from tca_app.core.language.stored import stored_text
from tca_app.core.region.formats import number
from tca_app.core.urls import link_of
from tca_app.features.deployments.aggregates.history import WeekOfProject
from tca_app.features.deployments.matrix.schemas import MatrixCell
from tca_app.features.deployments.matrix.ui.drift import drift_words
from tca_app.features.deployments.schemas import MeasuresRead
from tca_app.features.deployments.ui.figures import Figure, figures_of
from tca_app.features.deployments.ui.freeze_notice import Freeze
from tca_app.features.health.incidents.schemas import IncidentRead, incident_title, severity_words
from tca_app.features.health.probing.check_state import shown_state
from tca_app.features.health.schemas import CheckRead
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, face_of, mark_of
from tca_app.ui.components.notices import Notice
from tca_app.ui.components.sparks import spark_path


class EnvironmentCell(TypedDict):
    """An environment in the strip. `drift` is "" before the first deployment; `health` is "" without a check."""

    id: int
    name: str
    address: str
    is_protected: bool
    is_deploying: bool
    version: str
    url: str
    at: str
    who: str
    face: Face
    drift: str
    is_newest: bool
    health: str
    latency: str
    freeze: Freeze


class Measure(Figure):
    """A DORA metric with its curve over the last weeks."""

    spark: str


def cell_of(environment: MatrixCell, check: CheckRead | None, freeze: Freeze) -> EnvironmentCell:
    latency = check.last_latency_ms if check and check.last_ok else None
    return EnvironmentCell(
        id=environment.environment_id,
        name=environment.environment,
        address=link_of(environment.url),
        is_protected=environment.is_protected,
        is_deploying=environment.is_deploying,
        version=environment.version or "",
        url=routes.deployment(environment.deployment_id) if environment.deployment_id else "",
        at=environment.finished_at.isoformat() if environment.finished_at else "",
        who=environment.who or "",
        face=face_of(environment.who or "", environment.created_by_id),
        drift=drift_words(environment.behind),
        is_newest=environment.behind == 0,
        health=_health(check),
        latency="" if latency is None else _("{latency} ms", latency=number(latency)),
        freeze=freeze,
    )


def _health(check: CheckRead | None) -> str:
    if check is None:
        return ""
    return "paused" if check.is_paused else shown_state(check)


def incident_notice(found: IncidentRead) -> Notice:
    return Notice(
        key=f"incident-{found.id}",
        kind="incident",
        mark=mark_of(found.project),
        title=incident_title(found),
        detail=stored_text(found.reason) or severity_words(found),
        face=face_of(""),
        at=found.opened_at.isoformat(),
        url=routes.incident(found.id),
    )


def measures_of(found: MeasuresRead, weeks: Sequence[WeekOfProject]) -> list[Measure]:
    curves: dict[str, Sequence[float | None]] = {
        _("Deployment frequency"): [week.succeeded for week in weeks] if any(week.succeeded for week in weeks) else [],
        _("Lead time"): [week.lead_time_s for week in weeks],
        _("Change failure rate"): [week.failure_rate for week in weeks],
        _("Time to restore"): [week.time_to_restore_s for week in weeks],
    }
    least = {_("Change failure rate"): 0.1}
    return [
        Measure(**figure, spark=spark_path(curves[figure["label"]], least.get(figure["label"], 0)))
        for figure in figures_of(found)
    ]
