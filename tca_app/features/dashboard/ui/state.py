"""State of the dashboard: the numbers, and the viewer's layout."""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading
from tca_app.core.language.messages import nN_
from tca_app.core.periods import DEFAULT_PERIOD, DayRange, Period, days_in, period_of
from tca_app.core.region.formats import number
from tca_app.features.activity.ui.state import RecentState
from tca_app.features.dashboard import service as dashboard
from tca_app.features.dashboard.layout.service import CARDS, OF_PEOPLE, ON_REQUEST, PANELS, read_layout
from tca_app.features.dashboard.schemas import LayoutRead, StatsQuery, StatsRead
from tca_app.features.dashboard.ui.attention_state import AttentionState
from tca_app.features.dashboard.ui.health_state import HealthState, failure_words
from tca_app.features.dashboard.ui.metric_cards import (
    NO_CARD,
    Card,
    card_of,
    days_ago,
    previous_days,
    rate_card,
    score_card,
)
from tca_app.features.dashboard.ui.rows import BusyRow, NewPersonRow, NewProjectRow, busy_row, person_row, project_row
from tca_app.features.dashboard.ui.running_deployments import OpenRow, open_row
from tca_app.features.deployments.ui.figures import Figure, figures_of
from tca_app.ui import routes
from tca_app.ui.components.day_bars import (
    RESULTS,
    DayBar,
    DayTotal,
    area_path,
    day_bars_of,
    day_totals_of,
    day_words,
    scale_of,
    top_of,
)
from tca_app.ui.components.day_zoom import ZoomState
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState
from tca_app.ui.url import query_param

# Panels that load their own data, so they are shown even without the numbers.
APART = ("recent_activity", "system_health")
# The first of the three lines in docs/deployments.md, for a console and a project.
REPORT = (
    'curl -fsS -H "Authorization: Bearer $TOKEN" "{url}/api/v1/projects/{project}/deployments" --json '
    """'{{"environment": "production", "version": "1.4.2", "commit_sha": "9f1c2ab", "ref": "main"}}'"""
)


class DashboardState(ZoomState, SessionState):
    """State of `/dashboard`."""

    is_loaded: bool = False
    is_refreshing: bool = False
    failure: str = ""
    as_of: str = ""
    sees_people: bool = False
    is_new_instance: bool = False
    has_steps: bool = False
    has_users: bool = False
    has_projects: bool = False
    has_deployed: bool = False
    first_report: str = ""  # the line that reports a deployment of the newest project
    first_project_url: str = ""  # its settings, which have its tokens
    days: str = DEFAULT_PERIOD
    health_url: str = f"{routes.STATUS}?days={DEFAULT_PERIOD}"
    ended_url: str = routes.deployments_of(days=DEFAULT_PERIOD)  # the deployments that the numbers count
    cards: list[str] = list(CARDS)
    panels: list[str] = [name for name in PANELS if name not in (*OF_PEOPLE, *ON_REQUEST)]
    people_card: Card = NO_CARD
    projects_card: Card = NO_CARD
    deployments_card: Card = NO_CARD
    success_card: Card = NO_CARD
    health_card: Card = NO_CARD
    users_by_day: list[DayTotal] = []
    users_area: str = ""
    users_top: int = 2
    deployments_by_day: list[DayBar] = []
    deployments_top: int = 2
    results: dict[str, str] = {}
    has_deployments: bool = False
    deploying: list[OpenRow] = []
    busiest: list[BusyRow] = []
    measures: list[Figure] = []
    newest_users: list[NewPersonRow] = []
    newest_projects: list[NewProjectRow] = []

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        self._watch(DashboardState.load, "users", "projects", "stats", "deployments", "health")
        self.days = period = period_of(query_param(self.router_data, "days"), DEFAULT_PERIOD)
        layout: LayoutRead | None = None
        try:
            async with reading() as session:
                layout = await read_layout(session, self._as_actor())
                days = self._zoomed_days(days_in(period))
                self.ended_url = _ended_url(days, period)
                zoom = urlencode({"from": self.zoom_from, "to": self.zoom_to}) if days else f"days={period}"
                self.health_url = f"{routes.STATUS}?{zoom}"
                if days:
                    self._keep(await dashboard.stats_of_days(session, self._as_actor(), days), days)
                else:
                    self._keep(await dashboard.stats(session, self._as_actor(), StatsQuery(days=period)))
                self._arrange(layout)
        except Exception as error:
            self.failure = failure_words(error, "ui.dashboard_failed")
            panels = _shown(layout.panels, layout) if layout else self.panels
            self.cards, self.panels = [], [name for name in panels if name in APART]

    @handler("signed_in", supersedes=True)
    async def refresh(self) -> AsyncGenerator[Any, None]:
        self.is_refreshing = True
        yield
        self.is_refreshing = False
        yield [DashboardState.load, AttentionState.load, HealthState.load, RecentState.load]

    def _arrange(self, layout: LayoutRead) -> None:
        """Applies the layout. An empty console shows the first steps instead of numbers."""
        self.cards = [] if self.is_new_instance else _shown(layout.cards, layout)
        panels = _shown(layout.panels, layout)
        self.panels = [name for name in panels if name in APART] if self.is_new_instance else panels

    def _keep(self, stats: StatsRead, zoom: DayRange | None = None) -> None:
        people = stats.total_users
        self.sees_people = people is not None
        then = day_words(zoom.before.until) if zoom else days_ago(stats.days)
        self.people_card = card_of(people, [day.total for day in stats.users_by_day], then) if people else NO_CARD
        self.projects_card = card_of(stats.active_projects, [day.total for day in stats.projects_by_day], then)
        counts = [(day.day, day.total) for day in stats.users_by_day]
        totals = [total for _, total in counts]
        noun = nN_("{count} user", "{count} users")
        self.users_by_day, self.users_top = day_totals_of(counts, noun, routes.users_on), top_of(totals)
        self.users_area = area_path(totals, self.users_top)
        self.health_card = score_card(stats.health)
        self._keep_deployments(stats)
        self.newest_users = [person_row(user) for user in stats.newest_users]
        self.newest_projects = [project_row(project) for project in stats.newest_projects]
        self.has_users, self.has_projects = people is not None and people.now > 1, bool(stats.newest_projects)
        self.has_deployed = stats.has_deployments
        self.has_steps = not (self.has_projects and self.has_deployed)
        newest = stats.newest_projects[0] if stats.newest_projects else None
        self.first_report = REPORT.format(url=get_settings().public_url, project=newest.id if newest else "$PROJECT")
        self.first_project_url = f"{routes.project(newest.id)}?tab=settings" if newest else ""
        self.is_new_instance = not (self.has_projects or self.has_users)
        self.as_of, self.is_loaded, self.failure = stats.as_of.isoformat(), True, ""

    def _keep_deployments(self, stats: StatsRead) -> None:
        by_day = stats.deployments_by_day
        ended = [day.ended for day in by_day]
        self.deployments_card = card_of(stats.deployments, ended, previous_days(stats.days))
        self.success_card = rate_card(stats.success_rate, stats.days, by_day)
        self.deployments_by_day, self.deployments_top = day_bars_of(by_day, _rows_of), scale_of(by_day)
        self.results = {name: number(sum(getattr(day, name) for day in by_day)) for name, _label in RESULTS}
        self.has_deployments = stats.deployments.now > 0
        now = datetime.now(UTC)
        self.deploying = [open_row(deployment, now) for deployment in stats.deploying]
        most = max((project.deployments for project in stats.busiest_projects), default=0)
        self.busiest = [busy_row(project, most) for project in stats.busiest_projects]
        self.measures = figures_of(stats.measures)


def _shown(names: Sequence[str], layout: LayoutRead) -> list[str]:
    return [name for name in names if name not in layout.hidden]


def _ended_url(zoom: DayRange | None, period: Period) -> str:
    if zoom:
        return routes.deployments_of(ended_since=zoom.since.isoformat(), ended_until=zoom.until.isoformat())
    return routes.deployments_of(days=period)


def _rows_of(day: date) -> str:
    return routes.deployments_of(ended_on=day.isoformat())
