"""Health checks, their samples and summaries, and incidents with notes."""

import sqlalchemy as sa

from initial_schema.build import (
    NOW,
    boolean,
    check,
    create_index,
    create_table,
    integer,
    number,
    optional_reference,
    reference,
    row,
    text,
    timestamp,
)

TABLES = ("health_checks", "health_samples", "health_rolls", "incidents", "incident_notes")


def create() -> None:
    _create_checks()
    _create_history()
    _create_incidents()


def _create_checks() -> None:
    create_table(
        "health_checks",
        *row(),
        text("key"),
        text("kind"),
        text("name"),
        optional_reference("project_id", "projects", on_delete="CASCADE"),
        optional_reference("environment_id", "environments", on_delete="CASCADE"),
        text("url", ""),
        integer("expected_status", nullable=True),
        integer("timeout_s", 5),
        integer("interval_s", 60),
        integer("weight", 1),
        boolean("is_public", False),
        text("state", "unknown"),
        timestamp("since", NOW),
        integer("failures", 0),
        integer("passes", 0),
        timestamp("next_at", NOW),
        timestamp("last_at", nullable=True),
        boolean("last_ok", nullable=True),
        number("last_latency_ms", nullable=True),
        text("last_detail", ""),
        timestamp("certificate_until", nullable=True),
        timestamp("retired_at", nullable=True),
        boolean("is_paused", False),
        integer("failures_to_open", 0),
        integer("passes_to_close", 0),
        integer("version", 1),
        optional_reference("updated_by_id", "users"),
        *_checks_of_checks(),
    )
    create_index("uq_health_checks_key", "health_checks", "key")
    create_index("ix_health_checks_due", "health_checks", "next_at", where="retired_at IS NULL")
    for column in ("project_id", "environment_id"):
        create_index(f"ix_health_checks_{column}", "health_checks", column, where=f"{column} IS NOT NULL")


def _checks_of_checks() -> tuple[sa.CheckConstraint, ...]:
    return (
        check("kind", "kind IN ('part', 'service', 'environment')"),
        check("environment", "(kind = 'environment') = (environment_id IS NOT NULL)"),
        check("project", "(project_id IS NULL) = (environment_id IS NULL)"),
        check("state", "state IN ('unknown', 'passing', 'failing')"),
        check("expected_status", "expected_status IS NULL OR expected_status BETWEEN 100 AND 599"),
        check("timeout", "timeout_s BETWEEN 1 AND 10"),
        check("interval", "interval_s BETWEEN 60 AND 86400"),
        check("weight", "weight BETWEEN 0 AND 100"),
        check("failures_to_open", "failures_to_open BETWEEN 0 AND 60"),
        check("passes_to_close", "passes_to_close BETWEEN 0 AND 60"),
    )


def _create_history() -> None:
    create_table(
        "health_samples",
        reference("check_id", "health_checks"),
        timestamp("at"),
        boolean("ok"),
        number("latency_ms"),
        text("detail", ""),
        key=("check_id", "at"),
    )
    create_index("ix_health_samples_at", "health_samples", "at")
    create_table(
        "health_rolls",
        reference("check_id", "health_checks"),
        integer("seconds"),
        timestamp("starts_at"),
        integer("count"),
        integer("passed"),
        number("latency_sum_ms"),
        number("latency_max_ms"),
        check("seconds", "seconds IN (300, 3600, 86400)"),
        check("passed", "passed BETWEEN 0 AND count"),
        key=("check_id", "seconds", "starts_at"),
    )
    create_index("ix_health_rolls_by_time", "health_rolls", "seconds", "starts_at")


def _create_incidents() -> None:
    create_table(
        "incidents",
        *row(),
        reference("check_id", "health_checks"),
        timestamp("opened_at"),
        timestamp("closed_at", nullable=True),
        text("reason"),
        check("closes_later", "closed_at >= opened_at"),
    )
    create_index("uq_incidents_open", "incidents", "check_id", where="closed_at IS NULL")
    create_index("ix_incidents_by_check", "incidents", "check_id", "id DESC")
    create_table(
        "incident_notes",
        *row(),
        reference("incident_id", "incidents"),
        optional_reference("user_id", "users"),
        text("note"),
        boolean("is_public", False),
        check("filled", "note <> ''"),
    )
    create_index("ix_incident_notes_incident_id", "incident_notes", "incident_id")
    create_index("ix_incident_notes_user_id", "incident_notes", "user_id", where="user_id IS NOT NULL")
