"""The guards of the event log judge the function that was called, not any text in the stack of calls."""

from collections.abc import Sequence

from initial_schema.functions import run_unparsed

revision: str = "202611271108"
down_revision: str | None = "202611271103"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
contracts: bool = False

# The stack holds the text of statements, too, so a comment in a statement of a DO block could name the function. The
# last line is the outermost caller: it has no quotes, and no dot before the name, which another schema would have. Its
# other words are in the language of the database.
CALLER = r"""E'\n([^".\n]*[^".\nA-Za-z0-9_])?{function}[^"\n]*$'"""
REMOVER = CALLER.format(function=r"remove_events\\(uuid,timestamp with time zone,integer\\)")
ERASER = CALLER.format(function=r"erase_events\\(uuid,jsonb\\)")

REFUSE_OTHER_CHANGE = f"""
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  callers text;
BEGIN
  GET DIAGNOSTICS callers = PG_CONTEXT;
  IF TG_TABLE_NAME = 'events' AND TG_OP = 'DELETE' AND callers ~ {REMOVER} THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'the event log is append-only' USING ERRCODE = '42501';
END $$
"""

KEEP_EVENT = f"""
CREATE OR REPLACE FUNCTION keep_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  callers text;
BEGIN
  GET DIAGNOSTICS callers = PG_CONTEXT;
  IF callers !~ {ERASER} OR NEW.salt IS NOT NULL OR
    (NEW.id, NEW.uuid, NEW.at, NEW.type, NEW.version, NEW.subject_type, NEW.subject_id, NEW.sequence, NEW.actor_type,
     NEW.actor_id, NEW.project_id, NEW.request_id, NEW.previous_hash, NEW.hash) IS DISTINCT FROM
    (OLD.id, OLD.uuid, OLD.at, OLD.type, OLD.version, OLD.subject_type, OLD.subject_id, OLD.sequence, OLD.actor_type,
     OLD.actor_id, OLD.project_id, OLD.request_id, OLD.previous_hash, OLD.hash) THEN
    RAISE EXCEPTION 'the event log is append-only' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    run_unparsed(REFUSE_OTHER_CHANGE)
    run_unparsed(KEEP_EVENT)


def downgrade() -> None:
    """The functions of before let the same callers through, and more; they need not come back."""
