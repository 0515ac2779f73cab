"""The event log, jobs, the inbox and the numbers by day.

The log is append-only for every role, its owner included, and each row is chained to the one before about the same
subject. The database makes the chain, so no writer can forget it or get it wrong. Procrastinate's tables come from the
pinned package: whoever upgrades it adds a migration with the changes that its release names.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

HASH = """
CREATE FUNCTION event_hash(event events) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(event.previous_hash || convert_to(jsonb_build_array(
  event.id, event.uuid, extract(epoch FROM event.at), event.type, event.version, event.subject_type, event.subject_id,
  event.subject_name, event.sequence, event.actor_type, event.actor_id, event.actor_name, event.project_id, event.data,
  event.ip, event.request_id)::text, 'UTF8'))
"""

# The lock on the head makes those who write about one subject take turns; all others pass.
CHAIN = """
CREATE FUNCTION chain_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event_heads AS head (subject_type, subject_id, sequence, hash)
  VALUES (NEW.subject_type, NEW.subject_id, 1, '')
  ON CONFLICT (subject_type, subject_id) DO UPDATE SET sequence = head.sequence + 1
  RETURNING sequence, hash INTO NEW.sequence, NEW.previous_hash;
  NEW.hash := event_hash(NEW);
  UPDATE event_heads SET hash = NEW.hash WHERE subject_type = NEW.subject_type AND subject_id = NEW.subject_id;
  RETURN NEW;
END $$
"""

KEEP = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the event log is append-only' USING ERRCODE = '42501';
END $$
"""

TRIGGERS = (
    "CREATE TRIGGER events_chained BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION chain_event()",
    "CREATE TRIGGER events_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON events EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER events_changed AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION notify_table('activity')",
    "CREATE TRIGGER jobs_changed AFTER INSERT OR UPDATE OR DELETE ON procrastinate_jobs "
    "FOR EACH STATEMENT EXECUTE FUNCTION notify_table('jobs')",
    "CREATE TRIGGER metrics_changed AFTER INSERT OR UPDATE OR DELETE ON daily_metrics "
    "FOR EACH STATEMENT EXECUTE FUNCTION notify_table('stats')",
    "CREATE TRIGGER projects_changed AFTER UPDATE OR DELETE ON projects "
    "FOR EACH ROW EXECUTE FUNCTION notify_change('project')",
    "CREATE TRIGGER project_team_changed AFTER INSERT OR UPDATE OR DELETE ON project_members "
    "FOR EACH ROW EXECUTE FUNCTION notify_team()",
    "CREATE TRIGGER notifications_changed AFTER INSERT OR UPDATE OR DELETE ON notifications "
    "FOR EACH ROW EXECUTE FUNCTION notify_inbox()",
)

TEAM = """
CREATE FUNCTION notify_team() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tca_changes', 'project:' || coalesce(NEW.project_id, OLD.project_id));
  RETURN NULL;
END $$
"""

INBOX = """
CREATE FUNCTION notify_inbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tca_changes', 'inbox:' || coalesce(NEW.user_id, OLD.user_id));
  RETURN NULL;
END $$
"""


# Procrastinate writes the life of each job into rows of its own, which nobody reads here: they cost a fifth of a write.
UNUSED_TRIGGERS = ("status_events_insert", "status_events_update", "scheduled_events")
# One notice for all jobs of a transaction: PostgreSQL drops those that are equal. Workers only look at its type.
WAKE_ONCE = """
CREATE OR REPLACE FUNCTION procrastinate_notify_queue_job_inserted_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, '{"type": "job_inserted", "job_id": 0}');
  PERFORM pg_notify('procrastinate_any_queue_v1', '{"type": "job_inserted", "job_id": 0}');
  RETURN NEW;
END $$
"""


def _at(name: str = "at") -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _run_script(script: str) -> None:
    """Several statements as they are: SQLAlchemy would take its percent signs and colons for parameters."""
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute(script)


def upgrade() -> None:
    _run_script(SchemaManager.get_schema())
    for name in UNUSED_TRIGGERS:
        op.execute(f"DROP TRIGGER procrastinate_trigger_{name}_v1 ON procrastinate_jobs")
    _run_script(WAKE_ONCE)
    _make_log()
    for function in (HASH, CHAIN, KEEP, TEAM, INBOX):
        op.execute(function)
    op.create_table(
        "job_failures",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        _at(),
        sa.PrimaryKeyConstraint("job_id", "attempt", name=op.f("pk_job_failures")),
    )
    op.create_table(
        "daily_metrics",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), server_default="", nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "name", "dimension", name=op.f("pk_daily_metrics")),
    )
    _make_inbox()
    for trigger in TRIGGERS:
        op.execute(trigger)


def _make_log() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_name", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("actor_type", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "search_text",
            sa.Text(),
            sa.Computed("fold_text(actor_name || E'\\n' || subject_name || E'\\n' || type)", persisted=True),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index("uq_events_uuid", "events", ["uuid"], unique=True)
    op.create_index("uq_events_chain", "events", ["subject_type", "subject_id", "sequence"], unique=True)
    for name, column in (("project", "project_id"), ("actor", "actor_id")):
        columns = [column, sa.text("id DESC")]
        op.create_index(f"ix_events_by_{name}", "events", columns, postgresql_where=sa.text(f"{column} IS NOT NULL"))
    op.create_index("ix_events_by_type", "events", ["type", sa.text("id DESC")])
    op.create_index("ix_events_by_time", "events", ["at"])
    op.create_index("ix_events_grams", "events", [sa.text("text_grams(search_text)")], postgresql_using="gin")
    op.create_table(
        "event_heads",
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject_type", "subject_id", name=op.f("pk_event_heads")),
    )
    op.create_table(
        "event_effects",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        _at(),
        sa.PrimaryKeyConstraint("consumer", "event_id", name=op.f("pk_event_effects")),
    )


def _make_inbox() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        _at("created_at"),
        _at("updated_at"),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_notifications_event_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notifications_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index("uq_notifications_event", "notifications", ["user_id", "event_id"], unique=True)
    op.create_index("ix_notifications_newest", "notifications", ["user_id", sa.text("id DESC")])
    op.create_index(
        "ix_notifications_unread", "notifications", ["user_id"], postgresql_where=sa.text("read_at IS NULL")
    )
    op.create_table(
        "notification_preferences",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_notification_preferences_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "kind", "channel", name=op.f("pk_notification_preferences")),
    )
    op.create_table(
        "notification_digests",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_notification_digests_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notification_digests")),
    )


def downgrade() -> None:
    for table in (
        "notification_digests",
        "notification_preferences",
        "notifications",
        "daily_metrics",
        "job_failures",
        "event_effects",
        "event_heads",
    ):
        op.drop_table(table)
    op.execute("DROP TRIGGER projects_changed ON projects")
    op.execute("DROP TRIGGER project_team_changed ON project_members")
    op.execute("DROP FUNCTION notify_inbox(), notify_team()")
    op.execute("DROP TRIGGER events_chained ON events")
    op.execute("DROP TRIGGER events_kept ON events")
    op.execute("DROP FUNCTION chain_event(), refuse_change(), event_hash(events)")
    op.drop_table("events")
    _run_script(
        """
        DROP TABLE procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs CASCADE;
        DROP TABLE procrastinate_workers CASCADE;
        DO $$
        DECLARE made record;
        BEGIN
          FOR made IN SELECT oid::regprocedure AS name FROM pg_proc
            WHERE proname LIKE 'procrastinate%' AND pronamespace = 'public'::regnamespace LOOP
            EXECUTE 'DROP FUNCTION ' || made.name;
          END LOOP;
        END $$;
        DROP TYPE procrastinate_job_to_defer_v1, procrastinate_job_status, procrastinate_job_event_type;
        """
    )
