"""State of the overview of a project: what runs where, what needs attention, and how delivery went lately."""

from datetime import date
from typing import Any

import reflex as rx

from tca_app.core.database.session import Session, reading
from tca_app.core.errors import AppError, NotFound
from tca_app.core.language.messages import _
from tca_app.core.periods import DayRange
from tca_app.core.region.formats import number
from tca_app.features.deployments import service as deployments
from tca_app.features.deployments.aggregates.history import DayOfProject, measures_by_week, results_by_day
from tca_app.features.deployments.attention.queries import read_attention
from tca_app.features.deployments.attention.ui.notices import notice_of
from tca_app.features.deployments.dora_metrics import delivery_measures
from tca_app.features.deployments.listing.schemas import DeploymentQuery
from tca_app.features.deployments.matrix.queries import environments_with_versions
from tca_app.features.deployments.schemas import MeasuresQuery
from tca_app.features.deployments.ui.freeze_notice import freeze_of
from tca_app.features.deployments.ui.state import DeploymentRow, row_of
from tca_app.features.environments import freezes
from tca_app.features.environments.schemas import FreezeRead
from tca_app.features.health.incidents.listing import list_incidents
from tca_app.features.health.incidents.schemas import IncidentQuery
from tca_app.features.health.listing import list_checks
from tca_app.features.health.schemas import CheckQuery
from tca_app.features.project_page.ui.overview_rows import (
    EnvironmentCell,
    Measure,
    cell_of,
    incident_notice,
    measures_of,
)
from tca_app.features.projects import service as projects
from tca_app.features.projects.ui.detail_state import open_tab
from tca_app.ui import routes
from tca_app.ui.components.day_bars import RESULTS, DayBar, day_bars_of, scale_of
from tca_app.ui.components.day_zoom import ZoomState
from tca_app.ui.components.faces import face_of, mark_of
from tca_app.ui.components.notices import Notice
from tca_app.ui.handlers import handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.url import query_param, record_id
from tca_app.ui.zone import time_words, zone_of

RECENT, DAYS, MOST = 6, 30, 5


class OverviewState(ZoomState, RecordState, SessionState):
    """State of the tab "Overview" of `/projects/[project_id]`."""

    is_loaded: bool = False
    load_error: str = ""
    environments: list[EnvironmentCell] = []
    notices: list[Notice] = []
    recent: list[DeploymentRow] = []
    bars: list[DayBar] = []
    bars_top: int = 2
    results: dict[str, str] = {}
    has_results: bool = False
    measures: list[Measure] = []

    @rx.var
    def has_addresses(self) -> bool:
        return any(cell["address"] for cell in self.environments)

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        """Loads the tab, only while it is open: the other tabs do not wait for it."""
        project_id = record_id(self.router_data, routes.PROJECTS)
        if self._enter_record():
            self.is_loaded, self.load_error = False, ""
        actor, wanted = self._as_actor(), query_param(self.router_data, "tab")
        try:
            async with reading() as session:
                role = (await projects.get_project(session, actor, project_id)).my_role
                if open_tab(actor, role, wanted) != "overview":
                    return
                self._watch(OverviewState.load, f"project:{project_id}", "stats", "health")
                await self._read(session, project_id)
        except NotFound:
            return  # the page reports it itself
        except AppError as error:
            self.load_error = error.detail
            return
        self.is_loaded, self.load_error = True, ""

    async def _read(self, session: Session, project_id: int) -> None:
        """Reads each card with one query, however many rows the project has."""
        actor, zone = self._as_actor(), zone_of(self.router_data)
        attention = await read_attention(session, actor, MOST, project_id)
        incidents = await list_incidents(session, actor, IncidentQuery(project_id=[project_id], open=True, limit=MOST))
        holding = await freezes.list_holding(session, actor, project_id)
        matrix = await environments_with_versions(session, actor, [project_id])
        checks = await list_checks(session, actor, CheckQuery(project_id=[project_id]))
        newest = DeploymentQuery(project_id=[project_id], limit=RECENT)
        recent = await deployments.list_deployments(session, actor, newest)
        zoom = self._zoomed_days(DAYS)
        days = await results_by_day(session, actor, project_id, zoom or DayRange.last(DAYS))
        measured = await delivery_measures(session, actor, MeasuresQuery(project_id=project_id), zoom)
        weeks = await measures_by_week(session, actor, project_id)
        check_of = {check.environment_id: check for check in checks.items}
        there = matrix[project_id].places if project_id in matrix else []
        self.environments = [
            cell_of(place, check_of.get(place.environment_id), freeze_of(holding, place.environment_id, zone))
            for place in there
        ]
        self.notices = [
            *(notice_of(entry) for entry in attention),
            *(incident_notice(incident) for incident in incidents.items),
            *(_freeze_notice(window, zone) for window in holding),
        ]
        self.recent, self.measures = [row_of(row) for row in recent.items], measures_of(measured, weeks)
        self._keep_days(project_id, days)

    def _keep_days(self, project_id: int, days: list[DayOfProject]) -> None:
        def rows_of(day: date) -> str:
            return routes.deployments_of(project=project_id, ended_on=day.isoformat())

        counts = {key: sum(getattr(day, key) for day in days) for key, _ in RESULTS}
        self.bars, self.bars_top = day_bars_of(days, rows_of), scale_of(days)
        self.results, self.has_results = {key: number(count) for key, count in counts.items()}, any(counts.values())


def _freeze_notice(window: FreezeRead, zone: Any) -> Notice:
    return Notice(
        key=f"freeze-{window.id}",
        kind="freeze",
        mark=mark_of(None),
        title=_(
            "{environment} frozen until {ends_at}",
            environment=window.environment or _("All environments"),
            ends_at=time_words(window.ends_at, zone),
        ),
        detail=window.why,
        face=face_of(""),
        at="",
        url="",
    )
