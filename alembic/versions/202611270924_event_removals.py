"""Removal of old events: where each chain begins after it, and the one function that may delete events."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from initial_schema.build import bigint, binary, create_index, create_table, text
from initial_schema.functions import REFUSE_CHANGE, run_unparsed

revision: str = "202611270924"
down_revision: str | None = "202611270734"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False

# A chain loses its beginning, never anything in the middle. It ends before the first event that is too recent, that
# proves an erasure or a removal, that a job or the export still needs, or that is not yet in the daily metrics.
REMOVE_EVENTS = """
CREATE FUNCTION remove_events(removal uuid, older_than timestamptz, most int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  WITH needed AS MATERIALIZED (
    SELECT CAST(args ->> 'event_id' AS bigint) AS id FROM procrastinate_jobs WHERE args ->> 'event_id' IS NOT NULL
    UNION ALL SELECT event_id FROM event_exports
  ),
  chains AS (
    SELECT subject_type, subject_id, max(sequence) AS last FROM (
      SELECT event.subject_type, event.subject_id, event.sequence FROM events AS event
      WHERE event.at < older_than AND NOT EXISTS (
        SELECT FROM events AS proof WHERE proof.subject_type = event.subject_type
          AND proof.subject_id = event.subject_id AND proof.sequence <= event.sequence
          AND proof.type IN ('user_erased', 'events_removed'))
      ORDER BY event.at LIMIT most) AS oldest
    GROUP BY 1, 2
  ),
  ends AS (
    SELECT subject_type, subject_id, coalesce((
      SELECT min(kept.sequence) - 1 FROM events AS kept
      WHERE kept.subject_type = chains.subject_type AND kept.subject_id = chains.subject_id
        AND kept.sequence <= chains.last
        AND (kept.at >= older_than OR kept.type IN ('user_erased', 'events_removed')
          OR kept.id IN (SELECT needed.id FROM needed)
          OR NOT EXISTS (SELECT FROM event_effects WHERE consumer = 'analytics' AND event_id = kept.id))
    ), last) AS last
    FROM chains
  ),
  gone AS (
    DELETE FROM events USING ends
    WHERE events.subject_type = ends.subject_type AND events.subject_id = ends.subject_id
      AND events.sequence <= ends.last
    RETURNING events.id, events.subject_type, events.subject_id, events.sequence, events.hash
  ),
  effects AS (DELETE FROM event_effects USING gone WHERE event_effects.event_id = gone.id),
  deliveries AS (DELETE FROM webhook_deliveries USING gone WHERE webhook_deliveries.event_id = gone.id)
  INSERT INTO event_removals (subject_type, subject_id, sequence, removal, removed, hash)
  SELECT gone.subject_type, gone.subject_id, max(gone.sequence), remove_events.removal, count(*),
    (array_agg(gone.hash ORDER BY gone.sequence DESC))[1]
  FROM gone GROUP BY 1, 2;
END $$
"""

# For a DELETE of events it lets its own function through. Code from before never deletes events, so nothing changes for
# it. Called by the triggers for each statement that deletes, empties or changes what is append-only.
REFUSE_OTHER_CHANGE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  callers text;
BEGIN
  GET DIAGNOSTICS callers = PG_CONTEXT;
  IF TG_TABLE_NAME = 'events' AND TG_OP = 'DELETE'
    AND callers LIKE '%remove_events(uuid,timestamp with time zone,integer)%' THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'the event log is append-only' USING ERRCODE = '42501';
END $$
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_notifications_event_id")  # one that was not finished
        create_index("ix_notifications_event_id", "notifications", "event_id", concurrently=True)
        op.execute("RESET lock_timeout")
    create_table(
        "event_removals",
        text("subject_type"),
        bigint("subject_id"),
        bigint("sequence"),
        sa.Column("removal", sa.Uuid(), nullable=False),
        bigint("removed"),
        binary("hash"),
        key=("subject_type", "subject_id", "sequence"),
    )
    run_unparsed(REMOVE_EVENTS)
    run_unparsed(REFUSE_OTHER_CHANGE)
    op.execute(
        "CREATE TRIGGER event_removals_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON event_removals "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_index("ix_notifications_event_id", "notifications")
    op.drop_table("event_removals")
    op.execute("DROP FUNCTION remove_events")
    run_unparsed(REFUSE_CHANGE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
