"""Procrastinate's tables, as the pinned package makes them, with two changes.

An upgrade of the package needs a migration with the changes that its release names.
"""

from alembic import op
from procrastinate.schema import SchemaManager

from initial_schema.functions import run_unparsed

# They write a history of each job, which nothing reads and which is a fifth of the cost of a job.
UNUSED_TRIGGERS = ("status_events_insert", "status_events_update", "scheduled_events")

# A new job is announced once, on our own channel: the worker listens on the connection for change notifications.
# PostgreSQL sends equal notifications of one transaction only once.
NOTIFY_NEW_JOB = """
CREATE OR REPLACE FUNCTION procrastinate_notify_queue_job_inserted_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tca_jobs', NEW.queue_name);
  RETURN NEW;
END $$
"""

DROP = """
DROP TABLE procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs CASCADE;
DROP TABLE procrastinate_workers CASCADE;
DO $$
DECLARE function record;
BEGIN
  FOR function IN SELECT oid::regprocedure AS name FROM pg_proc
    WHERE proname LIKE 'procrastinate%' AND pronamespace = 'public'::regnamespace LOOP
    EXECUTE 'DROP FUNCTION ' || function.name;
  END LOOP;
END $$;
DROP TYPE procrastinate_job_to_defer_v1, procrastinate_job_status, procrastinate_job_event_type;
"""


def create() -> None:
    run_unparsed(SchemaManager.get_schema())
    for name in UNUSED_TRIGGERS:
        op.execute(f"DROP TRIGGER procrastinate_trigger_{name}_v1 ON procrastinate_jobs")
    run_unparsed(NOTIFY_NEW_JOB)


def drop() -> None:
    run_unparsed(DROP)
