"""Erasure of a person: a salt in each event, and a mark for each event that was erased.

The hash of an event covers its salt, which goes with the personal data, so the hash cannot confirm a guess afterwards.
Events from before have no salt. A downgrade removes the salts: `verify-log` can then not check the events in between.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from initial_schema.build import NOW, bigint, binary, create_table, timestamp
from initial_schema.functions import CHAIN_EVENT, EVENT_HASH, run_unparsed

revision: str = "202611270345"
down_revision: str | None = "202611270304"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

USERNAME = "username ~ '^[A-Za-z0-9]{3,50}$'"
# Nobody can choose or sign in with such a name, because no form takes it.
ERASED_NAME = "erased_at IS NOT NULL AND username = 'erased-' || id"
ERASED_ACCOUNT = (
    "erased_at IS NULL OR (deleted_at IS NOT NULL AND hashed_password IS NULL AND NOT is_active AND NOT is_superuser)"
)

WRITES_HASH = "sha256(event.previous_hash ||"
SALTED_HASH = EVENT_HASH.replace(WRITES_HASH, "sha256(event.previous_hash || coalesce(event.salt, '') ||")
BEGIN_CHAIN = "BEGIN\n  LOOP"
SALTING_CHAIN = CHAIN_EVENT.replace(BEGIN_CHAIN, "BEGIN\n  NEW.salt := uuid_send(gen_random_uuid());\n  LOOP")

# What an erasure may change, and only through its function: names, personal values, the address and the salt.
KEEP_EVENT = """
CREATE FUNCTION keep_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  callers text;
BEGIN
  GET DIAGNOSTICS callers = PG_CONTEXT;
  IF callers NOT LIKE '%erase_events(uuid,jsonb)%' OR NEW.salt IS NOT NULL OR
    (NEW.id, NEW.uuid, NEW.at, NEW.type, NEW.version, NEW.subject_type, NEW.subject_id, NEW.sequence, NEW.actor_type,
     NEW.actor_id, NEW.project_id, NEW.request_id, NEW.previous_hash, NEW.hash) IS DISTINCT FROM
    (OLD.id, OLD.uuid, OLD.at, OLD.type, OLD.version, OLD.subject_type, OLD.subject_id, OLD.sequence, OLD.actor_type,
     OLD.actor_id, OLD.project_id, OLD.request_id, OLD.previous_hash, OLD.hash) THEN
    RAISE EXCEPTION 'the event log is append-only' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$
"""

# The seal is the hash of what is left. The event of the erasure has the digest of all its seals.
ERASE_EVENTS = """
CREATE FUNCTION erase_events(erasure uuid, changes jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE events SET subject_name = change.subject_name, actor_name = change.actor_name, data = change.data,
    ip = change.ip, salt = NULL
  FROM jsonb_to_recordset(changes) AS change (id bigint, subject_name text, actor_name text, data jsonb, ip text)
  WHERE events.id = change.id;
  INSERT INTO event_erasures (event_id, erasure, seal)
  SELECT event.id, erase_events.erasure, event_hash(event)
  FROM events AS event JOIN jsonb_to_recordset(changes) AS change (id bigint) ON event.id = change.id;
END $$
"""


def upgrade() -> None:
    op.add_column("users", timestamp("erased_at", nullable=True))
    _check_names(f"{USERNAME} OR {ERASED_NAME}")
    op.create_check_constraint(op.f("ck_users_erased_account"), "users", ERASED_ACCOUNT)
    op.add_column("events", sa.Column("salt", sa.LargeBinary(), nullable=True))
    create_table(
        "event_erasures",
        bigint("event_id"),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("erasure", sa.Uuid(), nullable=False),
        binary("seal"),
        timestamp("at", NOW),
        key=("event_id", "id"),
    )
    run_unparsed(_replace(SALTED_HASH))
    run_unparsed(_replace(SALTING_CHAIN))
    run_unparsed(KEEP_EVENT)
    run_unparsed(ERASE_EVENTS)
    _refuse_changes("events_kept", "events", "DELETE OR TRUNCATE")
    _refuse_changes("event_erasures_kept", "event_erasures", "UPDATE OR DELETE OR TRUNCATE")
    op.execute("CREATE TRIGGER events_erased BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION keep_event()")


def downgrade() -> None:
    op.execute("DROP TRIGGER events_erased ON events")
    op.execute("DROP FUNCTION erase_events, keep_event")
    op.drop_table("event_erasures")
    _refuse_changes("events_kept", "events", "UPDATE OR DELETE OR TRUNCATE")
    run_unparsed(_replace(EVENT_HASH))
    run_unparsed(_replace(CHAIN_EVENT))
    op.drop_column("events", "salt")
    op.drop_constraint(op.f("ck_users_erased_account"), "users")
    op.drop_constraint(op.f("ck_users_username_form"), "users")
    op.execute("UPDATE users SET username = 'erased' || id WHERE erased_at IS NOT NULL")
    op.create_check_constraint(op.f("ck_users_username_form"), "users", USERNAME)
    op.drop_column("users", "erased_at")


def _check_names(condition: str) -> None:
    op.drop_constraint(op.f("ck_users_username_form"), "users")
    op.create_check_constraint(op.f("ck_users_username_form"), "users", condition)


def _refuse_changes(name: str, table: str, change: str) -> None:
    op.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
    op.execute(f"CREATE TRIGGER {name} BEFORE {change} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")


def _replace(function: str) -> str:
    return function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
