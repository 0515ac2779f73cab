"""Reads everything that `/status` shows."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.pagination import Page
from tca_app.core.filters import end_of
from tca_app.core.periods import DayRange
from tca_app.features.health import policy
from tca_app.features.health.components import may_anywhere
from tca_app.features.health.history.service import DAY, HOUR, points_of, score, score_trend
from tca_app.features.health.incidents.listing import OpenIncidents, count_open, list_incidents
from tca_app.features.health.incidents.schemas import IncidentQuery, IncidentRead
from tca_app.features.health.listing import list_checks
from tca_app.features.health.maintenance.periods import maintenance_of
from tca_app.features.health.maintenance.queries import list_coming
from tca_app.features.health.maintenance.schemas import MaintenanceRead
from tca_app.features.health.probing.check_state import CheckTotals
from tca_app.features.health.schemas import CheckQuery, CheckRead, Point, ScoreTrend
from tca_app.features.health.summary import count_monitored

HOURS = 24
MAX_ZOOM = 7  # days that are drawn by the hour
MAX_CHECKS = 100
MAX_INCIDENTS = 20
MAX_WINDOWS = 20


@dataclass(frozen=True, slots=True)
class Overview:
    """The data of `/status`. `hours` and `days` are by check, oldest first, without the steps that have no probe.

    `hours` are the `hour_count` ones before `hours_until`. `score` and `incidents` are those of the zoom, or of
    `day_count` days and the newest; `open` counts all that are open now. `maintenance` is how long each check was in
    maintenance in those days, `maintenance_24h` in the last hours, and `windows` are the current and planned ones.
    `may_open` and `may_plan`: in some project.
    """

    as_of: datetime
    day_count: int
    hour_count: int
    hours_until: datetime
    checks: Page[CheckRead]
    asked: CheckTotals
    hours: dict[int, list[Point]]
    days: dict[int, list[Point]]
    score_24h: float | None
    score: ScoreTrend
    incidents: Page[IncidentRead]
    open: OpenIncidents
    maintenance: dict[int, timedelta]
    maintenance_24h: dict[int, timedelta]
    windows: list[MaintenanceRead]
    may_open: bool
    may_plan: bool


async def read_overview(session: AsyncSession, actor: Actor, days: int, zoom: DayRange | None = None) -> Overview:
    """Reads the overview in the same statements however many checks there are: at most 100, failing ones first."""
    now = datetime.now(UTC)
    count, until = HOURS, now
    if zoom and len(zoom) <= MAX_ZOOM:
        count, until = 24 * len(zoom), end_of(zoom.until)
    chosen = {"since": zoom.since, "until": zoom.until} if zoom else {}
    checks = await list_checks(session, actor, CheckQuery(limit=MAX_CHECKS))
    ids = [check.id for check in checks.items]
    return Overview(
        as_of=now,
        day_count=days,
        hour_count=count,
        hours_until=until,
        checks=checks,
        asked=await count_monitored(session, actor, now),
        hours=await points_of(session, ids, HOUR, until - timedelta(hours=count, seconds=1), until),
        days=await points_of(session, ids, DAY, now - timedelta(days=days)),
        score_24h=await score(session, actor, timedelta(hours=HOURS)),
        score=await score_trend(session, actor, zoom or DayRange.last(days)),
        incidents=await list_incidents(session, actor, IncidentQuery(limit=MAX_INCIDENTS, **chosen)),
        open=await count_open(session, actor),
        maintenance=await maintenance_of(session, ids, now - timedelta(days=days)),
        maintenance_24h=await maintenance_of(session, ids, now - timedelta(hours=HOURS)),
        windows=await list_coming(session, actor, MAX_WINDOWS),
        may_open=await may_anywhere(session, actor, policy.NOTE),
        may_plan=await may_anywhere(session, actor, policy.MANAGE),
    )
