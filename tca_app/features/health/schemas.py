"""How the parts of the console are, now and over time: for `/health`, the dashboard, `/status` and REST."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tca_app.core.database.concurrency import LEFT_OUT, Changes
from tca_app.core.schema import (
    Flag,
    HttpStatus,
    InputModel,
    Limit,
    ProbeInterval,
    ProbeLimit,
    ProbeTimeout,
    ReadModel,
    Reason,
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
    """Versions, latencies and details are for superusers and whoever sends METRICS_TOKEN; others get each status."""

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


class CheckQuery(BaseModel):
    """A misspelt filter is refused: it must not answer with everything."""

    model_config = ConfigDict(extra="forbid")

    skip: Skip = 0
    limit: Limit = 100
    project_id: UrlId | None = None
    state: State | None = None


class CheckRead(ReadModel):
    """One thing that is probed. About the console itself there is no project.

    `state` changes after several answers in a row, `last_ok` with each. `expected_status` null: any 2xx or 3xx.
    Limits of 0 are those of the settings; one that is paused is not asked. `may_manage`: may the caller change it?
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
    version: int
    state: State
    since: datetime
    last_at: datetime | None
    last_ok: bool | None
    last_latency_ms: float | None
    last_detail: str
    certificate_until: datetime | None
    may_manage: bool


class CheckUpdate(Changes):
    """How a check is asked, what it weighs and who sees it.

    `any_status` true: any 2xx or 3xx passes; then no status is expected, so it is not given beside one. Only checks of
    the kind `environment` take `expected_status`, `any_status` and `timeout_s`. A limit of 0 is that of the settings.
    """

    expected_status: HttpStatus = LEFT_OUT
    any_status: Literal[True] = LEFT_OUT
    timeout_s: ProbeTimeout = LEFT_OUT
    interval_s: ProbeInterval = LEFT_OUT
    weight: Weight = LEFT_OUT
    failures_to_open: ProbeLimit = LEFT_OUT
    passes_to_close: ProbeLimit = LEFT_OUT
    is_paused: bool = LEFT_OUT
    is_public: bool = LEFT_OUT


class Point(ReadModel):
    """The probes of one step added up. A step without any is left out."""

    starts_at: datetime
    count: int
    passed: int
    latency_avg_ms: float
    latency_max_ms: float


class HistoryQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    window: Window = "24h"


class HistoryRead(ReadModel):
    """Steps of five minutes for `24h`, of a day (UTC) for `90d`; the oldest first."""

    check_id: int
    window: Window
    step_seconds: int
    points: list[Point]


class IncidentQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    skip: Skip = 0
    limit: Limit = 50
    project_id: UrlId | None = None
    check_id: UrlId | None = None
    open: Annotated[Flag | None, Field(description="true: those that last; false: those that are over.")] = None


class NoteRead(ReadModel):
    """`author` is "" when that person is gone for good. `/status/public` shows public ones, without the author."""

    id: int
    author: str
    note: str
    is_public: bool
    created_at: datetime


class IncidentRead(ReadModel):
    """From when to when a check was failing. `told`: who has it in their inbox, as far as the caller may know.

    `told_count` counts all of them. `may_note`: whether the caller may write about it.
    """

    id: int
    check_id: int
    name: str
    project_id: int | None
    opened_at: datetime
    closed_at: datetime | None
    reason: str
    notes: list[NoteRead]
    told: list[str]
    told_count: int
    may_note: bool


class NoteCreate(InputModel):
    note: Reason
    is_public: bool = False


class ScorePoint(ReadModel):
    """`score` is null for a day (UTC) on which nothing was probed."""

    day: date
    score: float | None


class ScoreTrend(ReadModel):
    """0 to 100. `now` is the score of the last `days` days, today included, `before` of as many before them.

    Null where nothing was probed. `points` has one for each of the last `days` days, the oldest first.
    """

    days: int
    now: float | None
    before: float | None
    points: list[ScorePoint]
