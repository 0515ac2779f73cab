"""Health checks, their samples and aggregates, and incidents with notes."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, text
from sqlmodel import Field

from tca_app.models.base import UTC_TIME, Row, TableModel, parent_id

_EMPTY = {"server_default": ""}
_ZERO = {"server_default": text("0")}


class HealthCheck(Row, table=True):
    """A health check that is probed at intervals, with its current state.

    `key` identifies it permanently: "database", "environment:7". `failures` and `passes` are consecutive. Limits of 0
    use the settings. A paused check is not probed. A check without its subject is retired: it is not probed and keeps
    its history. `version` counts edits by people, not probe results.
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
    """A period in which a check failed, with the first failure reason."""

    __tablename__ = "incidents"
    __table_args__ = (
        CheckConstraint("closed_at >= opened_at", name="closes_later"),
        Index("uq_incidents_open", "check_id", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index("ix_incidents_by_check", "check_id", text("id DESC")),
    )

    check_id: int = Field(sa_type=BigInteger, foreign_key="health_checks.id", ondelete="CASCADE")
    opened_at: datetime = Field(sa_type=UTC_TIME)
    closed_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    reason: str = Field(sa_type=Text)


class IncidentNote(Row, table=True):
    """A person's note about an incident. Public notes are visible to everybody."""

    __tablename__ = "incident_notes"
    __table_args__ = (
        CheckConstraint("note <> ''", name="filled"),
        Index("ix_incident_notes_incident_id", "incident_id"),
        Index("ix_incident_notes_user_id", "user_id", postgresql_where=text("user_id IS NOT NULL")),
    )

    incident_id: int = Field(sa_type=BigInteger, foreign_key="incidents.id", ondelete="CASCADE")
    user_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="users.id", ondelete="SET NULL")
    note: str = Field(sa_type=Text)
    is_public: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
