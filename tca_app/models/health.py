"""Health checks, their samples and aggregates, incidents with notes, and maintenance windows."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, Computed, Index, Text, text
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, Row, TableModel, parent_id

_EMPTY = {"server_default": ""}
_ZERO = {"server_default": text("0")}
_FALSE = {"server_default": text("false")}
_SEVERITY = "severity IN ('minor', 'major', 'critical')"


class HealthCheck(Row, table=True):
    """A health check that is probed at intervals, with its current state.

    `key` identifies it permanently: "database", "environment:7". `failures` and `passes` are consecutive. Limits of 0
    use the settings. `severity` is that of the incidents it opens. A paused check is not probed. A check without its
    subject is retired: it is not probed and keeps its history. `version` counts edits by people, not probe results.
    """

    __tablename__ = "health_checks"
    __table_args__ = (
        CheckConstraint("kind IN ('part', 'service', 'environment')", name="kind"),
        CheckConstraint("(kind = 'environment') = (environment_id IS NOT NULL)", name="environment"),
        CheckConstraint("(project_id IS NULL) = (environment_id IS NULL)", name="project"),
        CheckConstraint("state IN ('unknown', 'passing', 'failing')", name="state"),
        CheckConstraint("expected_status IS NULL OR expected_status BETWEEN 100 AND 599", name="expected_status"),
        CheckConstraint("timeout_s BETWEEN 1 AND 10", name="timeout"),
        CheckConstraint("interval_s BETWEEN 60 AND 86400", name="interval"),
        CheckConstraint("weight BETWEEN 0 AND 100", name="weight"),
        CheckConstraint("failures_to_open BETWEEN 0 AND 60", name="failures_to_open"),
        CheckConstraint("passes_to_close BETWEEN 0 AND 60", name="passes_to_close"),
        CheckConstraint(_SEVERITY, name="severity"),
        Index("uq_health_checks_key", "key", unique=True),
        Index("ix_health_checks_due", "next_at", postgresql_where=text("retired_at IS NULL")),
        Index("ix_health_checks_project_id", "project_id", postgresql_where=text("project_id IS NOT NULL")),
        Index("ix_health_checks_environment_id", "environment_id", postgresql_where=text("environment_id IS NOT NULL")),
    )

    key: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    project_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="projects.id", ondelete="CASCADE")
    environment_id: int | None = Field(
        default=None, sa_type=BigInteger, foreign_key="environments.id", ondelete="CASCADE"
    )
    url: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)
    expected_status: int | None = Field(default=None)
    timeout_s: int = Field(default=5, sa_column_kwargs={"server_default": text("5")})
    interval_s: int = Field(default=60, sa_column_kwargs={"server_default": text("60")})
    weight: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    is_public: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    is_paused: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    failures_to_open: int = Field(default=0, sa_column_kwargs=_ZERO)
    passes_to_close: int = Field(default=0, sa_column_kwargs=_ZERO)
    severity: str = Field(default="major", sa_type=Text, sa_column_kwargs={"server_default": "major"})
    version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    updated_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    state: str = Field(default="unknown", sa_type=Text, sa_column_kwargs={"server_default": "unknown"})
    since: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": text("now()"), "nullable": False}
    )
    failures: int = Field(default=0, sa_column_kwargs=_ZERO)
    passes: int = Field(default=0, sa_column_kwargs=_ZERO)
    next_at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": text("now()"), "nullable": False}
    )
    last_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    last_ok: bool | None = Field(default=None)
    last_latency_ms: float | None = Field(default=None)
    last_detail: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)
    certificate_until: datetime | None = Field(default=None, sa_type=UTC_TIME)
    retired_at: datetime | None = Field(default=None, sa_type=UTC_TIME)


class CertificateWarning(TableModel, table=True):
    """A threshold, in days before the end of a certificate, that people were warned of."""

    __tablename__ = "certificate_warnings"
    __table_args__ = (CheckConstraint("days IN (3, 14, 30)", name="days"),)

    check_id: int = parent_id("health_checks")
    certificate_until: datetime = Field(sa_type=UTC_TIME, primary_key=True)
    days: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})


class HealthSample(TableModel, table=True):
    """The result of one probe, kept for two days."""

    __tablename__ = "health_samples"
    __table_args__ = (Index("ix_health_samples_at", "at"),)

    check_id: int = parent_id("health_checks")
    at: datetime = Field(sa_type=UTC_TIME, primary_key=True)
    ok: bool
    latency_ms: float
    detail: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)


class HealthRoll(TableModel, table=True):
    """The aggregated samples of five minutes, an hour or a day (`seconds`)."""

    __tablename__ = "health_rolls"
    __table_args__ = (
        CheckConstraint("seconds IN (300, 3600, 86400)", name="seconds"),
        CheckConstraint("passed BETWEEN 0 AND count", name="passed"),
        Index("ix_health_rolls_by_time", "seconds", "starts_at"),
    )

    check_id: int = parent_id("health_checks")
    seconds: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    starts_at: datetime = Field(sa_type=UTC_TIME, primary_key=True)
    count: int
    passed: int
    latency_sum_ms: float
    latency_max_ms: float


class Incident(Row, table=True):
    """An incident: a period in which a check failed, with the first failure reason, or one that a person opened.

    One that a person opened has a title instead of a check, belongs to a project or to the console, and affects the
    checks in `incident_checks`. `is_published` shows it on the public page. `status` is the last one that was posted; a
    closed incident is resolved.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        CheckConstraint("closed_at >= opened_at", name="closes_later"),
        CheckConstraint(_SEVERITY, name="severity"),
        CheckConstraint("status IN ('investigating', 'identified', 'monitoring')", name="status"),
        CheckConstraint("(check_id IS NULL) = (title <> '')", name="title"),
        Index("uq_incidents_open", "check_id", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index("ix_incidents_by_check", "check_id", text("id DESC")),
        Index("ix_incidents_project_id", "project_id", postgresql_where=text("project_id IS NOT NULL")),
        Index("ix_incidents_grams", text("text_grams(search_text)"), postgresql_using="gin"),
    )

    check_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="health_checks.id", ondelete="CASCADE")
    project_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="projects.id", ondelete="CASCADE")
    title: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)
    severity: str = Field(default="major", sa_type=Text, sa_column_kwargs={"server_default": "major"})
    status: str = Field(default="investigating", sa_type=Text, sa_column_kwargs={"server_default": "investigating"})
    is_published: bool = Field(default=False, sa_column_kwargs=_FALSE)
    opened_at: datetime = Field(sa_type=UTC_TIME)
    opened_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    closed_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    acknowledged_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    acknowledged_by_id: int | None = Field(
        default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL"
    )
    reason: str = Field(sa_type=Text)
    version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    updated_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    search_text: str | None = Field(
        default=None,
        sa_column=Column("search_text", Text, Computed("fold_text(title || E'\\n' || reason)", persisted=True)),
    )


class IncidentCheck(TableModel, table=True):
    """A component that an incident opened by a person affects."""

    __tablename__ = "incident_checks"
    __table_args__ = (Index("ix_incident_checks_check_id", "check_id"),)

    incident_id: int = parent_id("incidents")
    check_id: int = parent_id("health_checks")


class IncidentNote(Row, table=True):
    """A person's note about an incident, with the status that it set. Public notes are visible to everybody."""

    __tablename__ = "incident_notes"
    __table_args__ = (
        CheckConstraint("note <> ''", name="filled"),
        CheckConstraint("status IN ('investigating', 'identified', 'monitoring', 'resolved')", name="status"),
        Index("ix_incident_notes_incident_id", "incident_id"),
        Index("ix_incident_notes_user_id", "user_id", postgresql_where=text("user_id IS NOT NULL")),
    )

    incident_id: int = Field(sa_type=BigInteger, foreign_key="incidents.id", ondelete="CASCADE")
    user_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    note: str = Field(sa_type=Text)
    is_public: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    status: str | None = Field(default=None, sa_type=Text)


class MaintenanceWindow(Row, table=True):
    """A planned period in which failures of some components open no incident and count in no figure."""

    __tablename__ = "maintenance_windows"
    __table_args__ = (
        CheckConstraint("ends_at >= starts_at", name="ends_later"),
        CheckConstraint("title <> ''", name="titled"),
        Index("ix_maintenance_windows_by_end", "ends_at", postgresql_where=text("cancelled_at IS NULL")),
        Index("ix_maintenance_windows_project_id", "project_id", postgresql_where=text("project_id IS NOT NULL")),
    )

    project_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="projects.id", ondelete="CASCADE")
    title: str = Field(sa_type=Text)
    message: str = Field(default="", sa_type=Text, sa_column_kwargs=_EMPTY)
    starts_at: datetime = Field(sa_type=UTC_TIME)
    ends_at: datetime = Field(sa_type=UTC_TIME)
    cancelled_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    is_public: bool = Field(default=False, sa_column_kwargs=_FALSE)
    created_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    updated_by_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")


class MaintenanceCheck(TableModel, table=True):
    """A component of a maintenance window."""

    __tablename__ = "maintenance_checks"
    __table_args__ = (Index("ix_maintenance_checks_check_id", "check_id"),)

    window_id: int = parent_id("maintenance_windows")
    check_id: int = parent_id("health_checks")
