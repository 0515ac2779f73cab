"""Schemas of health checks and their history."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tca_app.core.database.concurrency import UNSET, Changes, ListFilter
from tca_app.core.filters import Many
from tca_app.core.schema import (
    HttpStatus,
    Limit,
    ProbeInterval,
    ProbeLimit,
    ProbeTimeout,
    ReadModel,
    Skip,
    UrlId,
    Weight,
)

Status = Literal["ok", "degraded", "down"]


class Check(BaseModel):
    status: Status
    latency_ms: float | None = Field(default=None, description="Milliseconds that the check took.")
    detail: str = ""


class HealthRead(BaseModel):
    """Versions, latencies and details are only for superusers and METRICS_TOKEN; others get each status."""

    status: Status
    version: str | None = None
    checks: dict[str, Check]
    as_of: datetime

    def for_strangers(self) -> "HealthRead":
        checks = {name: Check(status=check.status) for name, check in self.checks.items()}
        return HealthRead(status=self.status, checks=checks, as_of=self.as_of)


class Live(BaseModel):
    status: Literal["ok"] = "ok"


Window = Literal["24h", "90d"]
Kind = Literal["part", "service", "environment"]
State = Literal["unknown", "passing", "failing"]
Severity = Literal["minor", "major", "critical"]


ShownState = Literal["failing", "unknown", "maintenance", "passing", "paused", "off"]
CheckSort = Literal[
    "attention",
    "-attention",
    "name",
    "-name",
    "state",
    "-state",
    "kind",
    "-kind",
    "project",
    "-project",
    "latency",
    "-latency",
    "since",
    "-since",
    "last_at",
    "-last_at",
    "certificate_until",
    "-certificate_until",
]


class CheckFilter(ListFilter):
    """`search` is in the name and the URL. `attention`: failing ones first, then the console's own; paused ones last.

    `shown_state` is the state as the status page shows it: a check that is paused, in maintenance, or `off` because the
    settings leave nothing to check, has no other one.
    """

    project_id: Many[UrlId] = []
    kind: Many[Kind] = []
    state: Many[State] = []
    shown_state: Many[ShownState] = []
    sort: CheckSort = "attention"


class CheckQuery(CheckFilter):
    skip: Skip = 0
    limit: Limit = 100


class Component(ReadModel):
    """A component that an incident or a maintenance window affects."""

    check_id: int
    name: str


class CheckRead(ReadModel):
    """One check. A check of the console itself has no project.

    `state` changes after several results in a row, `last_ok` with each; it is null when the settings leave nothing to
    check, such as a backup that is not scheduled. `expected_status` null: any 2xx or 3xx.
    A limit of 0 is that of the settings. A paused check does not run. `severity` is that of the incidents it opens.
    `maintenance_until` is the end of the maintenance that is on, during which `state` does not change. `may_manage`:
    whether the caller may change it.
    """

    id: int
    kind: Kind
    name: str = Field(examples=["PostgreSQL"])
    project_id: int | None
    project_slug: str | None
    environment_id: int | None
    url: str
    expected_status: int | None
    timeout_s: int
    interval_s: int
    weight: int
    is_public: bool
    is_paused: bool
    failures_to_open: int
    passes_to_close: int
    severity: Severity
    version: int
    state: State
    since: datetime
    last_at: datetime | None
    last_ok: bool | None
    last_latency_ms: float | None
    last_detail: str
    certificate_until: datetime | None
    maintenance_until: datetime | None
    may_manage: bool


class CheckUpdate(Changes):
    """The settings of a check.

    `any_status` true: any 2xx or 3xx passes; it excludes `expected_status`. Only checks of the kind `environment` take
    `expected_status`, `any_status` and `timeout_s`. A limit of 0 is that of the settings.
    """

    expected_status: HttpStatus = UNSET
    any_status: Literal[True] = UNSET
    timeout_s: ProbeTimeout = UNSET
    interval_s: ProbeInterval = UNSET
    weight: Weight = UNSET
    failures_to_open: ProbeLimit = UNSET
    passes_to_close: ProbeLimit = UNSET
    severity: Severity = UNSET
    is_paused: bool = UNSET
    is_public: bool = UNSET


class Point(ReadModel):
    """The totals of one step. Steps without a probe are left out."""

    starts_at: datetime
    count: int
    passed: int
    latency_avg_ms: float
    latency_max_ms: float


class HistoryQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    window: Window = "24h"


class HistoryRead(ReadModel):
    """Steps of five minutes for `24h`, of a day (UTC) for `90d`, oldest first.

    `maintenance_s` is how many seconds of the window were maintenance, which `points` leave out.
    """

    check_id: int
    window: Window
    step_seconds: int
    maintenance_s: int
    points: list[Point]


class ScorePoint(ReadModel):
    """`score` is null for a day (UTC) on which nothing was probed."""

    day: date
    score: float | None


class ScoreTrend(ReadModel):
    """Scores from 0 to 100. `now` is the score of the last `days` days, including today; `before` of the previous ones.

    Null where nothing was probed. `points` has one for each of the last `days` days, oldest first.
    """

    days: int
    now: float | None
    before: float | None
    points: list[ScorePoint]
