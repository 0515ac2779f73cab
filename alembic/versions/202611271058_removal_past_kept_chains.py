"""Removal of old events begins with chains that can lose something, so that those that cannot do not fill the batch."""

from collections.abc import Sequence

from initial_schema.functions import run_unparsed

revision: str = "202611271058"
down_revision: str | None = "202611270957"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False

# A chain loses its beginning, never anything in the middle. It ends before the first event that is too recent, that
# proves an erasure or a removal, that a job or the export still needs, or that is not yet in the daily metrics.
REMOVE_EVENTS = """
CREATE OR REPLACE FUNCTION remove_events(removal uuid, older_than timestamptz, most int) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  WITH needed AS MATERIALIZED (
    SELECT CAST(args ->> 'event_id' AS bigint) AS id FROM procrastinate_jobs WHERE args ->> 'event_id' IS NOT NULL
    UNION ALL SELECT event_id FROM event_exports
  ),
  firsts AS (
    SELECT event.subject_type, event.subject_id, event.sequence FROM events AS event
    WHERE event.at < older_than AND event.type NOT IN ('user_erased', 'events_removed')
      AND (event.sequence = 1 OR EXISTS (
        SELECT FROM event_removals AS before WHERE before.subject_type = event.subject_type
          AND before.subject_id = event.subject_id AND before.sequence = event.sequence - 1))
      AND event.id NOT IN (SELECT needed.id FROM needed)
      AND EXISTS (SELECT FROM event_effects WHERE consumer = 'analytics' AND event_id = event.id)
    ORDER BY event.at LIMIT most
  ),
  chains AS (
    SELECT subject_type, subject_id, max(sequence) AS last FROM (
      SELECT event.subject_type, event.subject_id, event.sequence FROM firsts JOIN events AS event
        ON event.subject_type = firsts.subject_type AND event.subject_id = firsts.subject_id
        AND event.sequence >= firsts.sequence AND event.sequence < firsts.sequence + most
      WHERE event.at < older_than ORDER BY event.at, event.sequence LIMIT most) AS oldest
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


def upgrade() -> None:
    run_unparsed(REMOVE_EVENTS)


def downgrade() -> None:
    """The function of before does the same; only which chains it begins with differs."""
