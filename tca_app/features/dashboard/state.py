"""What the dashboard shows: two reads that fail apart from each other, the numbers and the health of the parts."""

from collections.abc import AsyncGenerator, Sequence
from datetime import date
from typing import Any, TypedDict, cast

import structlog

from tca_app.core.db import reading
from tca_app.core.errors import AppError
from tca_app.features.activity.state import RecentState
from tca_app.features.dashboard import service as dashboard
from tca_app.features.dashboard.schemas import BusyProject, DayCount, DayResults, Rate, StatsQuery, StatsRead, Trend
from tca_app.features.deployments.measures_state import PERIODS, Figure, figures_of
from tca_app.features.deployments.schemas import Period
from tca_app.features.deployments.state import DeploymentRow, given_in, row_of
from tca_app.features.health import service as parts
from tca_app.features.health.schemas import Check
from tca_app.ui import routes
from tca_app.ui.handlers import CALL, handler
from tca_app.ui.session import SessionState

log = structlog.get_logger(__name__)

PART_NAMES = {"database": "PostgreSQL", "redis": "Redis", "migrations": "Schema", "disk": "Disk"}
STATUS_WORDS = {"ok": "All parts work", "degraded": "Some parts need attention", "down": "The console is down"}


SPARK_WIDTH, SPARK_HEIGHT = 100, 24


class Card(TypedDict):
    """A number with its trend; `direction` is "up", "down", "same" or "" when there is nothing to compare with.

    `spark` is the path of a small curve by day, "" when there is none.
    """

    value: str
    direction: str
    trend: str
    spark: str


class DayPoint(TypedDict):
    day: str
    users: int


class ResultsPoint(TypedDict):
    day: str
    succeeded: int
    failed: int
    cancelled: int


class Busy(TypedDict):
    """`share` is the width of its bar, of the busiest one's."""

    id: int
    name: str
    url: str
    deployments: str
    failed: str
    share: str


class NewEntry(TypedDict):
    """A line of a list of newest things."""

    id: int
    name: str
    detail: str
    url: str
    created_at: str
    status: str


class Part(TypedDict):
    name: str
    status: str
    latency: str
    detail: str


NO_CARD = Card(value="", direction="", trend="", spark="")


class DashboardState(SessionState):
    """The numbers of `/dashboard`."""

    is_loaded: bool = False
    is_refreshing: bool = False
    failure: str = ""
    as_of: str = ""
    sees_people: bool = False
    is_new_instance: bool = False
    days: str = PERIODS[1]
    people_card: Card = NO_CARD
    projects_card: Card = NO_CARD
    deployments_card: Card = NO_CARD
    success_card: Card = NO_CARD
    users_by_day: list[DayPoint] = []
    deployments_by_day: list[ResultsPoint] = []
    results: dict[str, str] = {}
    has_deployments: bool = False
    deploying: list[DeploymentRow] = []
    busiest: list[Busy] = []
    measures: list[Figure] = []
    newest_users: list[NewEntry] = []
    newest_projects: list[NewEntry] = []

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        self._watch(DashboardState.load, "users", "projects", "stats", "deployments")
        asked = given_in(self.router_data, "days")
        self.days = asked if asked in PERIODS else PERIODS[1]
        try:
            async with reading() as session:
                query = StatsQuery(days=cast(Period, self.days))
                self._keep(await dashboard.stats(session, self._as_actor(), query))
        except Exception as error:
            self.failure = _words(error, "ui.dashboard_failed")

    @handler("signed_in", supersedes=True)
    async def refresh(self) -> AsyncGenerator[Any, None]:
        self.is_refreshing = True
        yield
        self.is_refreshing = False
        yield [DashboardState.load, HealthState.load, RecentState.load]

    def _keep(self, stats: StatsRead) -> None:
        people = stats.total_users
        self.sees_people = people is not None
        self.people_card = _card(people, stats.days, [day.total for day in stats.users_by_day]) if people else NO_CARD
        self.projects_card = _card(stats.active_projects, stats.days, [day.total for day in stats.projects_by_day])
        self.users_by_day = [_point(count) for count in stats.users_by_day]
        self._keep_deployments(stats)
        self.newest_users = [
            _entry(user.id, user.display_name, user.username, routes.user(user.id), user.created_at)
            for user in stats.newest_users
        ]
        self.newest_projects = [
            _entry(p.id, p.name, p.owner.display_name, routes.project(p.id), p.created_at, p.status)
            for p in stats.newest_projects
        ]
        self.is_new_instance = not stats.newest_projects and (people is None or people.now <= 1)
        self.as_of, self.is_loaded, self.failure = stats.as_of.isoformat(), True, ""

    def _keep_deployments(self, stats: StatsRead) -> None:
        by_day = stats.deployments_by_day
        self.deployments_card = _card(
            stats.deployments, stats.days, [day.ended for day in by_day], f"the {stats.days} days before"
        )
        self.success_card = _rate_card(stats.success_rate, stats.days, by_day)
        self.deployments_by_day = [_results_point(day) for day in by_day]
        self.results = {
            name: f"{sum(getattr(day, name) for day in by_day):,}" for name in ("succeeded", "failed", "cancelled")
        }
        self.has_deployments = stats.deployments.now > 0
        self.deploying = [row_of(deployment) for deployment in stats.deploying]
        most = max((project.deployments for project in stats.busiest_projects), default=0)
        self.busiest = [_busy(project, most) for project in stats.busiest_projects]
        self.measures = figures_of(stats.measures)


class HealthState(SessionState):
    """The panel "System health", which shows something even when the numbers cannot be read."""

    parts: list[Part] = []
    summary: str = ""
    overall: str = ""
    failure: str = ""

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        try:
            answer = await parts.health()
        except Exception as error:
            self.failure = _words(error, "ui.health_failed")
            return
        self.parts = [_part(name, check) for name, check in answer.checks.items()]
        self.summary, self.overall, self.failure = STATUS_WORDS[answer.status], answer.status, ""


def _words(error: Exception, event: str) -> str:
    """What a panel says when its read failed: one panel's fault must not take the others with it."""
    if isinstance(error, AppError):
        return error.detail
    log.exception(event, request_id=CALL.get().request_id)
    return f"Something went wrong on our side. Quote {CALL.get().request_id} when you report it."


def _card(trend: Trend, days: int, by_day: Sequence[int], before: str = "") -> Card:
    """`before` names what it is compared with: the number that there was when the period began, or that of the
    period before."""
    card = Card(value=f"{trend.now:,}", direction="", trend="No data before", spark=spark(by_day))
    if trend.percent is None:
        return card
    card["direction"] = "same" if trend.now == trend.before else "up" if trend.now > trend.before else "down"
    text = "No change" if card["direction"] == "same" else f"{trend.percent:+,.1f}%"
    compared = f"{trend.before:,} in {before}" if before else f"{trend.before:,}"
    card["trend"] = f"{text}, from {compared}" if before else f"{text} in {days} days, from {compared}"
    return card


def _rate_card(rate: Rate, days: int, by_day: Sequence[DayResults]) -> Card:
    """The curve has the days on which something ran to its end."""
    ended = [(day.succeeded, day.succeeded + day.failed) for day in by_day]
    curve = spark([100 * succeeded / both for succeeded, both in ended if both])
    if rate.now is None:
        return Card(value="–", direction="", trend="Nothing ran to its end", spark="")
    card = Card(value=f"{rate.now:.1%}", direction="", trend="No data before", spark=curve)
    if rate.before is not None:
        points = round(100 * rate.now, 1) - round(100 * rate.before, 1)
        card["direction"] = "up" if points > 0.04 else "down" if points < -0.04 else "same"
        text = "No change" if card["direction"] == "same" else f"{points:+.1f} points"
        card["trend"] = f"{text}, from {rate.before:.1%} in the {days} days before"
    return card


def spark(values: Sequence[float]) -> str:
    """The path of a curve in a box of SPARK_WIDTH by SPARK_HEIGHT; "" for fewer than two values."""
    if len(values) < 2:
        return ""
    low, span = min(values), (max(values) - min(values)) or 1
    room = SPARK_HEIGHT - 2
    places = (
        f"{SPARK_WIDTH * place / (len(values) - 1):.1f} {1 + room - room * (value - low) / span:.1f}"
        for place, value in enumerate(values)
    )
    return "M" + " L".join(places)


def _results_point(day: DayResults) -> ResultsPoint:
    return ResultsPoint(day=_day_text(day.day), succeeded=day.succeeded, failed=day.failed, cancelled=day.cancelled)


def _busy(project: BusyProject, most: int) -> Busy:
    return Busy(
        id=project.id,
        name=project.name,
        url=f"{routes.project(project.id)}?tab=deployments",
        deployments=f"{project.deployments:,}",
        failed=f"{project.failed:,} failed" if project.failed else "",
        share=f"{100 * project.deployments / most:.0f}%",
    )


def _point(count: DayCount) -> DayPoint:
    return DayPoint(day=_day_text(count.day), users=count.total)


def _day_text(day: date) -> str:
    return f"{day:%b} {day.day}"


def _entry(row_id: int, name: str, detail: str, url: str, created_at: Any, status: str = "") -> NewEntry:
    return NewEntry(id=row_id, name=name, detail=detail, url=url, created_at=created_at.isoformat(), status=status)


def _part(name: str, check: Check) -> Part:
    latency = "" if check.latency_ms is None else f"{check.latency_ms:,.1f} ms"
    return Part(name=PART_NAMES.get(name, name.capitalize()), status=check.status, latency=latency, detail=check.detail)
