"""Health: what is probed, what was found, and incidents with notes.

A round writes its samples and the state of every check that it asked, so the checks alone tell the screens of a change.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("health_checks", "incidents", "incident_notes")


def _time(name: str, *, now: bool = False, nullable: bool = False) -> sa.Column:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def _row() -> tuple[sa.Column, ...]:
    identity = sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)
    return identity, _time("created_at", now=True), _time("updated_at", now=True)


def _reference(table: str, column: str, to: str, *, on_delete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=on_delete)


def upgrade() -> None:
    _make_checks()
    _make_history()
    _make_incidents()
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_changed AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION notify_table('health')"
        )


def _make_checks() -> None:
    op.create_table(
        "health_checks",
        *_row(),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("environment_id", sa.BigInteger(), nullable=True),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("expected_status", sa.Integer(), nullable=True),
        sa.Column("timeout_s", sa.Integer(), server_default=sa.text("5"), nullable=False),
        sa.Column("interval_s", sa.Integer(), server_default=sa.text("60"), nullable=False),
        sa.Column("weight", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("is_public", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), server_default="unknown", nullable=False),
        _time("since", now=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("passes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _time("next_at", now=True),
        _time("last_at", nullable=True),
        sa.Column("last_ok", sa.Boolean(), nullable=True),
        sa.Column("last_latency_ms", sa.Float(), nullable=True),
        sa.Column("last_detail", sa.Text(), server_default="", nullable=False),
        _time("certificate_until", nullable=True),
        _time("retired_at", nullable=True),
        sa.CheckConstraint("kind IN ('part', 'service', 'environment')", name=op.f("ck_health_checks_kind")),
        sa.CheckConstraint(
            "(kind = 'environment') = (environment_id IS NOT NULL)", name=op.f("ck_health_checks_environment")
        ),
        sa.CheckConstraint("(project_id IS NULL) = (environment_id IS NULL)", name=op.f("ck_health_checks_project")),
        sa.CheckConstraint("state IN ('unknown', 'passing', 'failing')", name=op.f("ck_health_checks_state")),
        sa.CheckConstraint(
            "expected_status IS NULL OR expected_status BETWEEN 100 AND 599",
            name=op.f("ck_health_checks_expected_status"),
        ),
        sa.CheckConstraint("timeout_s BETWEEN 1 AND 10", name=op.f("ck_health_checks_timeout")),
        sa.CheckConstraint("interval_s BETWEEN 60 AND 86400", name=op.f("ck_health_checks_interval")),
        sa.CheckConstraint("weight BETWEEN 0 AND 100", name=op.f("ck_health_checks_weight")),
        _reference("health_checks", "project_id", "projects"),
        _reference("health_checks", "environment_id", "environments"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_health_checks")),
    )
    op.create_index("uq_health_checks_key", "health_checks", ["key"], unique=True)
    op.create_index(
        "ix_health_checks_due", "health_checks", ["next_at"], postgresql_where=sa.text("retired_at IS NULL")
    )
    for column in ("project_id", "environment_id"):
        op.create_index(
            f"ix_health_checks_{column}",
            "health_checks",
            [column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )


def _make_history() -> None:
    op.create_table(
        "health_samples",
        sa.Column("check_id", sa.BigInteger(), autoincrement=False, nullable=False),
        _time("at"),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("latency_ms", sa.Float(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        _reference("health_samples", "check_id", "health_checks"),
        sa.PrimaryKeyConstraint("check_id", "at", name=op.f("pk_health_samples")),
    )
    op.create_index("ix_health_samples_at", "health_samples", ["at"])
    op.create_table(
        "health_rolls",
        sa.Column("check_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seconds", sa.Integer(), autoincrement=False, nullable=False),
        _time("starts_at"),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("latency_sum_ms", sa.Float(), nullable=False),
        sa.Column("latency_max_ms", sa.Float(), nullable=False),
        sa.CheckConstraint("seconds IN (300, 3600, 86400)", name=op.f("ck_health_rolls_seconds")),
        sa.CheckConstraint("passed BETWEEN 0 AND count", name=op.f("ck_health_rolls_passed")),
        _reference("health_rolls", "check_id", "health_checks"),
        sa.PrimaryKeyConstraint("check_id", "seconds", "starts_at", name=op.f("pk_health_rolls")),
    )
    op.create_index("ix_health_rolls_by_time", "health_rolls", ["seconds", "starts_at"])


def _make_incidents() -> None:
    op.create_table(
        "incidents",
        *_row(),
        sa.Column("check_id", sa.BigInteger(), nullable=False),
        _time("opened_at"),
        _time("closed_at", nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("closed_at >= opened_at", name=op.f("ck_incidents_closes_later")),
        _reference("incidents", "check_id", "health_checks"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index(
        "uq_incidents_open", "incidents", ["check_id"], unique=True, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_index("ix_incidents_by_check", "incidents", ["check_id", sa.text("id DESC")])
    op.create_table(
        "incident_notes",
        *_row(),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("note <> ''", name=op.f("ck_incident_notes_filled")),
        _reference("incident_notes", "incident_id", "incidents"),
        _reference("incident_notes", "user_id", "users", on_delete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_notes")),
    )
    op.create_index("ix_incident_notes_incident_id", "incident_notes", ["incident_id"])
    op.create_index(
        "ix_incident_notes_user_id", "incident_notes", ["user_id"], postgresql_where=sa.text("user_id IS NOT NULL")
    )


def downgrade() -> None:
    for table in ("incident_notes", "incidents", "health_rolls", "health_samples", "health_checks"):
        op.drop_table(table)
