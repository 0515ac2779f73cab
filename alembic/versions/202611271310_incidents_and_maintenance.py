"""Incidents that people open, severity, acknowledgement, and maintenance windows."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from initial_schema.build import (
    boolean,
    check,
    create_index,
    create_table,
    integer,
    optional_reference,
    reference,
    row,
    text,
    timestamp,
)

revision: str = "202611271310"
down_revision: str | None = "202611271242"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False

SEVERITY = "severity IN ('minor', 'major', 'critical')"
REFERENCES = {
    "project_id": ("projects", "CASCADE"),
    "opened_by_id": ("users", "SET NULL"),
    "acknowledged_by_id": ("users", "SET NULL"),
    "updated_by_id": ("users", "SET NULL"),
}
NEW = ("title", "severity", "status", "is_published", "acknowledged_at", "version", *REFERENCES)


def upgrade() -> None:
    op.add_column("health_checks", text("severity", "major"))
    op.create_check_constraint(op.f("ck_health_checks_severity"), "health_checks", SEVERITY)
    _extend_incidents()
    op.add_column("incident_notes", text("status", nullable=True))
    op.create_check_constraint(
        op.f("ck_incident_notes_status"),
        "incident_notes",
        "status IN ('investigating', 'identified', 'monitoring', 'resolved')",
    )
    create_table(
        "incident_checks",
        reference("incident_id", "incidents"),
        reference("check_id", "health_checks"),
        key=("incident_id", "check_id"),
    )
    create_index("ix_incident_checks_check_id", "incident_checks", "check_id")
    _create_windows()


def _extend_incidents() -> None:
    op.alter_column("incidents", "check_id", existing_type=sa.BigInteger(), nullable=True)
    for column in (
        text("title", ""),
        text("severity", "major"),
        text("status", "investigating"),
        boolean("is_published", default=False),
        timestamp("acknowledged_at", nullable=True),
        integer("version", 1),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in REFERENCES),
    ):
        op.add_column("incidents", column)
    for name, (table, on_delete) in REFERENCES.items():
        op.create_foreign_key(op.f(f"fk_incidents_{name}"), "incidents", table, [name], ["id"], ondelete=on_delete)
    for name, condition in {
        "severity": SEVERITY,
        "status": "status IN ('investigating', 'identified', 'monitoring')",
        "title": "(check_id IS NULL) = (title <> '')",
    }.items():
        op.create_check_constraint(op.f(f"ck_incidents_{name}"), "incidents", condition)
    create_index("ix_incidents_project_id", "incidents", "project_id", where="project_id IS NOT NULL")


def _create_windows() -> None:
    create_table(
        "maintenance_windows",
        *row(),
        optional_reference("project_id", "projects", on_delete="CASCADE"),
        text("title"),
        text("message", ""),
        timestamp("starts_at"),
        timestamp("ends_at"),
        timestamp("cancelled_at", nullable=True),
        boolean("is_public", default=False),
        optional_reference("created_by_id", "users"),
        integer("version", 1),
        optional_reference("updated_by_id", "users"),
        check("ends_later", "ends_at >= starts_at"),
        check("titled", "title <> ''"),
    )
    create_index("ix_maintenance_windows_by_end", "maintenance_windows", "ends_at", where="cancelled_at IS NULL")
    create_index(
        "ix_maintenance_windows_project_id", "maintenance_windows", "project_id", where="project_id IS NOT NULL"
    )
    create_table(
        "maintenance_checks",
        reference("window_id", "maintenance_windows"),
        reference("check_id", "health_checks"),
        key=("window_id", "check_id"),
    )
    create_index("ix_maintenance_checks_check_id", "maintenance_checks", "check_id")
    op.execute(
        "CREATE TRIGGER maintenance_windows_changed AFTER INSERT OR UPDATE OR DELETE ON maintenance_windows "
        "FOR EACH STATEMENT EXECUTE FUNCTION notify_table('health')"
    )


def downgrade() -> None:
    op.drop_table("maintenance_checks")
    op.drop_table("maintenance_windows")
    op.drop_table("incident_checks")
    op.drop_column("incident_notes", "status")
    op.execute("DELETE FROM incidents WHERE check_id IS NULL")
    for name in NEW:
        op.drop_column("incidents", name)
    op.alter_column("incidents", "check_id", existing_type=sa.BigInteger(), nullable=False)
    op.drop_column("health_checks", "severity")
