"""Webhooks and the log of their deliveries."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Lists hear `webhooks`, the page of one its own topic; an attempt counts as a change of its hook.
NOTIFY = """
CREATE FUNCTION notify_webhook() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tca_changes', 'webhooks');
  IF TG_TABLE_NAME = 'webhooks' THEN
    PERFORM pg_notify('tca_changes', 'webhooks:' || coalesce(NEW.id, OLD.id));
  ELSE
    PERFORM pg_notify('tca_changes', 'webhooks:' || NEW.webhook_id);
  END IF;
  RETURN NULL;
END $$
"""
TRIGGERS = (
    "CREATE TRIGGER webhooks_changed AFTER INSERT OR UPDATE OR DELETE ON webhooks "
    "FOR EACH ROW EXECUTE FUNCTION notify_webhook()",
    "CREATE TRIGGER webhook_deliveries_changed AFTER INSERT OR UPDATE ON webhook_deliveries "
    "FOR EACH ROW EXECUTE FUNCTION notify_webhook()",
)


def _at(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _number(name: str, default: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), server_default=sa.text(default), nullable=False)


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def upgrade() -> None:
    _make_webhooks()
    _make_deliveries()
    op.execute(NOTIFY)
    for trigger in TRIGGERS:
        op.execute(trigger)


def _make_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        _at("created_at"),
        _at("updated_at"),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        _text("description"),
        sa.Column("event_types", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        _number("version", "1"),
        _number("failures", "0"),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        _text("disabled_why"),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("old_secret", sa.LargeBinary(), nullable=True),
        sa.Column("old_secret_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(disabled_at IS NULL) OR NOT is_active", name=op.f("ck_webhooks_disabled_is_off")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_webhooks_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["users.id"], name=op.f("fk_webhooks_created_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["users.id"], name=op.f("fk_webhooks_updated_by_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index("ix_webhooks_project_id", "webhooks", ["project_id"])


def _make_deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("webhook_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        _at("at"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("request_headers", postgresql.JSONB(), nullable=False),
        sa.Column("request_body", sa.Text(), nullable=False),
        sa.Column("response_code", sa.Integer(), nullable=True),
        _text("response_type"),
        _number("response_size", "0"),
        _number("duration_ms", "0"),
        _text("error"),
        sa.CheckConstraint("status IN ('succeeded', 'retrying', 'failed')", name=op.f("ck_webhook_deliveries_status")),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_deliveries_webhook_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
    )
    op.create_index("ix_webhook_deliveries_newest", "webhook_deliveries", ["webhook_id", sa.text("id DESC")])
    columns = ["webhook_id", "message_id", "attempt"]
    op.create_index("uq_webhook_deliveries_attempt", "webhook_deliveries", columns, unique=True)


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
    op.execute("DROP FUNCTION notify_webhook()")
