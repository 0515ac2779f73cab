"""Makes events look as old as a test needs them."""

import psycopg

from tca_app.config.settings import get_settings


def forge(*statements: str) -> None:
    """Run without the triggers, as a superuser may."""
    with psycopg.connect(get_settings().database_url.get_secret_value(), autocommit=True) as forger:
        forger.execute("SET session_replication_role = replica")
        for statement in statements:
            forger.execute(statement)


def age(condition: str, days: int = 300) -> None:
    """Make the events as old as that, as if they had been written then; their chains are made anew."""
    forge(
        f"UPDATE events SET at = at - interval '{days} days' WHERE {condition}",
        """
        DO $$ DECLARE row events; last bytea; BEGIN
          FOR row IN SELECT * FROM events ORDER BY subject_type, subject_id, sequence LOOP
            SELECT hash INTO last FROM events WHERE subject_type = row.subject_type AND subject_id = row.subject_id
              AND sequence = row.sequence - 1;
            UPDATE events SET previous_hash = coalesce(last, '') WHERE id = row.id;
            UPDATE events AS event SET hash = event_hash(event) WHERE id = row.id;
          END LOOP;
          UPDATE event_heads AS head SET hash = events.hash FROM events WHERE events.subject_type = head.subject_type
            AND events.subject_id = head.subject_id AND events.sequence = head.sequence;
        END $$
        """,
    )
