"""State of the page `/status`: every component with its history, the score, and incidents."""

from datetime import timedelta
from typing import TypedDict
from urllib.parse import urlencode

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError
from tca_app.core.instance import instance_settings
from tca_app.core.language.messages import _, ngettext, short_day
from tca_app.core.language.stored import name_text, stored_text
from tca_app.core.periods import DayRange, Period, days_in, period_of
from tca_app.core.region.formats import number, percent
from tca_app.features.health.incidents import service as incidents
from tca_app.features.health.incidents.schemas import incident_title
from tca_app.features.health.incidents.ui.rows import IncidentLine, line_of
from tca_app.features.health.maintenance.ui.rows import WindowLine, window_line
from tca_app.features.health.overview import HOURS, MAX_ZOOM, Overview, read_overview
from tca_app.features.health.probing.check_state import is_wavering, shown_state
from tca_app.features.health.schemas import CheckRead, ScoreTrend
from tca_app.features.health.ui.certificates import certificate_tone, certificate_words
from tca_app.features.health.ui.charts import (
    HOUR,
    NONE,
    STEP,
    Bars,
    bars_of,
    hour_labels,
    latencies_of,
    latency_words,
    spark_of,
    spark_words,
)
from tca_app.features.projects.refs import read_refs
from tca_app.features.projects.schemas import ProjectRef
from tca_app.ui import routes
from tca_app.ui.components.day_zoom import ZoomState
from tca_app.ui.components.faces import Mark, mark_of
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionState
from tca_app.ui.url import query_param
from tca_app.ui.zone import zone_of


class Component(TypedDict):
    """A line of the page. `slug`, `url` and `mark` are those of its project, empty for a component of the console."""

    id: int
    name: str
    slug: str
    url: str
    mark: Mark
    state: str
    is_wavering: bool
    is_paused: bool
    is_public: bool
    may_manage: bool
    detail: str
    since: str
    certificate: str
    certificate_tone: str
    latency: str
    spark: str
    spark_text: str
    latencies: str  # of each hour
    hours: Bars
    days: Bars


LONGEST: Period = "90"


class StatusState(ZoomState, SessionState):
    """State of `/status`. The charts of its components share the labels of their bars."""

    is_loaded: bool = False
    failure: str = ""
    components: list[Component] = []
    hidden: int = 0
    summary: str = ""
    open_incidents: str = ""  # how many are open now, in words, or ""
    late_since: str = ""
    score_24h: str = ""
    figures_of: int = 0  # the component whose figures are shown as a table, or 0
    strip_days: str = ""
    day_labels: str = ""
    first_day: str = ""  # below the left end of the bars
    hour_labels: str = ""
    hours_title: str = ""
    zoom_mark: dict[str, int] = {"x": 0, "width": 0}
    days: str = LONGEST
    score: str = ""
    trend: str = ""
    incidents: list[IncidentLine] = []
    incidents_url: str = ""  # of the list, with the days of the zoom
    older: int = 0
    windows: list[WindowLine] = []
    may_open: bool = False
    may_plan: bool = False
    public_page: str = ""

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        self._watch(StatusState.load, "health", "projects")
        self.days = period = period_of(query_param(self.router_data, "days"), LONGEST)
        try:
            async with reading() as session:
                zoom = self._zoomed_days(days_in(period))
                found = await read_overview(session, self._as_actor(), days_in(period), zoom)
                refs = await read_refs(session, (check.project_id for check in found.checks.items))
                self._keep(found, zoom, refs)
        except AppError as error:
            self.failure = error.detail

    @handler("signed_in")
    async def toggle_figures(self, check_id: int) -> None:
        """Shows the figures of a component as a table, or hides them."""
        self.figures_of = 0 if self.figures_of == check_id else check_id

    @handler("signed_in")
    async def acknowledge(self, incident_id: int) -> Events:
        async with transaction() as session:
            incident = await incidents.acknowledge_incident(session, self._as_actor(), incident_id)
        self._toast(_("{incident}: acknowledged", incident=incident_title(incident)))
        return StatusState.load

    def _keep(self, found: Overview, zoom: DayRange | None, refs: dict[int, ProjectRef]) -> None:
        period = self._label(found, zoom)
        self.components = [
            _component(check, refs.get(check.project_id or 0), found, period) for check in found.checks.items
        ]
        self.hidden = found.checks.total - len(found.checks.items)
        self.open_incidents, self.summary = _now(found)
        late_since = found.asked.late_since(found.as_of)
        self.late_since = late_since.isoformat() if late_since else ""
        self.score_24h, self.score, self.trend = _score(found.score_24h), _score(found.score.now), _trend(found.score)
        days = urlencode({"since": zoom.since, "until": zoom.until}) if zoom else ""
        self.incidents_url = f"{routes.ALL_INCIDENTS}?{days}" if days else routes.ALL_INCIDENTS
        self.incidents = [line_of(incident, found.as_of) for incident in found.incidents.items]
        self.windows = [window_line(window, zone_of(self.router_data)) for window in found.windows]
        self.may_open, self.may_plan = found.may_open, found.may_plan
        self.older = found.incidents.total - len(found.incidents.items)
        self.public_page = routes.PUBLIC_STATUS if instance_settings().status_public else ""
        self.is_loaded, self.failure = True, ""

    def _label(self, found: Overview, zoom: DayRange | None) -> str:
        """Keeps the labels of the bars. Returns the days that are drawn by the hour, or "" for the last hours."""
        days = list(DayRange.last(found.day_count))
        self.strip_days = "|".join(day.isoformat() for day in days)
        self.day_labels = "|".join(short_day(day) for day in days)
        is_by_hour = zoom is not None and len(zoom) <= MAX_ZOOM
        self.first_day = ngettext("{count} day ago", "{count} days ago", found.day_count)
        self.hour_labels = "|".join(hour_labels(found.hours_until, found.hour_count, is_of_days=is_by_hour))
        self.hours_title = (
            _("Hours of {days} (UTC)", days=self.zoom_text) if is_by_hour else _("{hours} hours", hours=HOURS)
        )
        marked = [index for index, day in enumerate(days) if zoom and zoom.since <= day <= zoom.until]
        self.zoom_mark = {"x": marked[0] * STEP if marked else 0, "width": len(marked) * STEP}
        return self.hours_title if is_by_hour else ""


def _now(found: Overview) -> tuple[str, str]:
    """Returns how many incidents are open, in words, and below it the checks, which miss what people report."""
    total, by_people, checks = found.open.total, found.open.by_people, found.asked
    if not total:
        return "", checks.words
    title = ngettext("{count} open incident", "{count} open incidents", total)
    if not by_people or checks.works != checks.total or not checks.total:
        return title, checks.words
    below = ngettext(
        "All checks pass, but people report a problem that is not resolved yet.",
        "All checks pass, but people report {count} problems that are not resolved yet.",
        by_people,
    )
    return title, below


def _component(check: CheckRead, project: ProjectRef | None, found: Overview, period: str) -> Component:
    hours, days = found.hours.get(check.id, []), found.days.get(check.id, [])
    last, count = found.hours_until - timedelta(microseconds=1), found.hour_count
    drawn = bars_of(hours, last, count, HOUR, "hour", NONE if period else found.maintenance_24h[check.id])
    latency = "" if check.last_latency_ms is None else latency_words(check.last_latency_ms)
    slowest = max((point.latency_max_ms for point in hours), default=0.0)
    spark_text = spark_words(latency, slowest, HOURS, is_paused=check.is_paused)
    if period:
        drawn["text"] = _("{period}: {share} of the checks passed.", period=period, share=drawn["share"])
        spark_text = _("{period}: latency at most {slowest} ms.", period=period, slowest=number(slowest))
    return Component(
        id=check.id,
        name=name_text(check.name),
        slug=check.project_slug or "",
        url=routes.project(check.project_id) if check.project_id else "",
        mark=mark_of(project),
        state=shown_state(check),
        is_wavering=is_wavering(check),
        is_paused=check.is_paused,
        is_public=check.is_public,
        may_manage=check.may_manage,
        detail=stored_text(check.last_detail),
        since=check.since.isoformat(),
        certificate=certificate_words(check, found.as_of),
        certificate_tone=certificate_tone(check, found.as_of),
        latency=latency,
        spark=spark_of(hours, last, count),
        spark_text=spark_text,
        latencies=latencies_of(hours, last, count),
        hours=drawn,
        days=bars_of(days, found.as_of, found.day_count, timedelta(days=1), "day", found.maintenance[check.id]),
    )


def _score(value: float | None) -> str:
    return _("Not measured") if value is None else percent(value)


def _trend(score: ScoreTrend) -> str:
    now, before = score.now, score.before
    if now is None or before is None:
        return ngettext("No data for the previous day", "No data for the previous {count} days", score.days)
    if abs(now - before) < 0.005:
        return ngettext("No change vs. previous day", "No change vs. previous {count} days", score.days)
    points = number(now - before, 2, sign=True)
    return ngettext(
        "{points} points vs. previous day", "{points} points vs. previous {count} days", score.days, points=points
    )
