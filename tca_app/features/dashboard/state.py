"""What the dashboard shows: two reads that fail apart from each other, the numbers and the health of the parts."""

from collections.abc import AsyncGenerator
from datetime import date
from typing import Any, TypedDict

import structlog

from tca_app.core.db import reading
from tca_app.core.errors import AppError
from tca_app.features.activity.state import RecentState
from tca_app.features.dashboard import service as dashboard
from tca_app.features.dashboard.schemas import DayCount, StatsRead, Trend
from tca_app.features.health import service as parts
from tca_app.features.health.schemas import Check
from tca_app.ui import routes
from tca_app.ui.handlers import CALL, handler
from tca_app.ui.session import SessionState

log = structlog.get_logger(__name__)

PART_NAMES = {"database": "PostgreSQL", "redis": "Redis", "migrations": "Schema", "disk": "Disk"}
STATUS_WORDS = {"ok": "All parts work", "degraded": "Some parts need attention", "down": "The console is down"}


class Card(TypedDict):
    """A number with its trend; `direction` is "up", "down", "same" or "" when there is nothing to compare with."""

    value: str
    direction: str
    trend: str


class DayPoint(TypedDict):
    day: str
    users: int


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


NO_CARD = Card(value="", direction="", trend="")


class DashboardState(SessionState):
    """The numbers of `/dashboard`."""

    is_loaded: bool = False
    is_refreshing: bool = False
    failure: str = ""
    as_of: str = ""
    sees_people: bool = False
    is_new_instance: bool = False
    people_card: Card = NO_CARD
    projects_card: Card = NO_CARD
    users_by_day: list[DayPoint] = []
    newest_users: list[NewEntry] = []
    newest_projects: list[NewEntry] = []

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        self._watch(DashboardState.load, "users", "projects", "stats")
        try:
            async with reading() as session:
                self._keep(await dashboard.stats(session, self._as_actor()))
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
        self.people_card = _card(people) if people else NO_CARD
        self.projects_card = _card(stats.active_projects)
        self.users_by_day = [_point(count) for count in stats.users_by_day]
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


def _card(trend: Trend) -> Card:
    if trend.percent is None:
        return Card(value=f"{trend.now:,}", direction="", trend="No data before")
    direction = "same" if trend.now == trend.before else "up" if trend.now > trend.before else "down"
    text = "No change" if direction == "same" else f"{trend.percent:+,.1f}%"
    return Card(value=f"{trend.now:,}", direction=direction, trend=f"{text} in 30 days, from {trend.before:,}")


def _point(count: DayCount) -> DayPoint:
    return DayPoint(day=_day_text(count.day), users=count.total)


def _day_text(day: date) -> str:
    return f"{day:%b} {day.day}"


def _entry(row_id: int, name: str, detail: str, url: str, created_at: Any, status: str = "") -> NewEntry:
    return NewEntry(id=row_id, name=name, detail=detail, url=url, created_at=created_at.isoformat(), status=status)


def _part(name: str, check: Check) -> Part:
    latency = "" if check.latency_ms is None else f"{check.latency_ms:,.1f} ms"
    return Part(name=PART_NAMES.get(name, name.capitalize()), status=check.status, latency=latency, detail=check.detail)
