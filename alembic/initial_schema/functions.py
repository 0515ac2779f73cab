"""The functions of the schema, each with its reason. Triggers call all except those of search."""

from alembic import op

# Search is by any part of a name, without regard to case and accents. The embedded PostgreSQL has neither pg_trgm nor
# unaccent, so the same is built from its core: a folded copy of the text, its runs of two and three characters as an
# array, and a GIN index on that array. The two functions that a write calls are plpgsql's, whose plans the session
# keeps: PostgreSQL reads and plans a body in SQL anew for every statement.
FOLD_TEXT = """
CREATE FUNCTION fold_text(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$ BEGIN RETURN replace(replace(replace(
  lower(translate(regexp_replace(normalize(value, NFKD), '[\\u0300-\\u036f]', '', 'g'), 'ØøŁłĐđĦħŦŧı', 'OoLlDdHhTti')
        COLLATE "pg_c_utf8"),
  'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'); END $$
"""

# GIN stores each run once, so duplicates are not removed here. The cost is high on purpose: the index has the
# answer, so no plan may compute it row by row.
TEXT_GRAMS = """
CREATE FUNCTION text_grams(value text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
COST 10000
AS $$ BEGIN RETURN ARRAY(
  SELECT substr(value, i, n)
  FROM generate_series(2, 3) AS n, generate_series(1, length(value) - n + 1) AS i
); END $$
"""

# What a row must contain to contain `value`: its pairs when it is that short, else its runs of three.
QUERY_GRAMS = """
CREATE FUNCTION query_grams(value text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ARRAY(
  SELECT DISTINCT substr(value, i, least(3, length(value)))
  FROM generate_series(1, length(value) - least(3, length(value)) + 1) AS i
  WHERE length(value) > 1
)
"""

# The log is append-only for every role, its owner included, and each event is chained to the previous one about the
# same subject. The database makes the chain, so no writer can forget it or get it wrong.
EVENT_HASH = """
CREATE FUNCTION event_hash(event events) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(event.previous_hash || convert_to(jsonb_build_array(
  event.id, event.uuid, extract(epoch FROM event.at), event.type, event.version, event.subject_type, event.subject_id,
  event.subject_name, event.sequence, event.actor_type, event.actor_id, event.actor_name, event.project_id, event.data,
  event.ip, event.request_id)::text, 'UTF8'))
"""

# The lock on the head serialises writers about one subject only. Of two that begin a chain at
# once, the second waits at its INSERT and then finds the head.
CHAIN_EVENT = """
CREATE FUNCTION chain_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  LOOP
    SELECT sequence + 1, hash INTO NEW.sequence, NEW.previous_hash FROM event_heads
    WHERE subject_type = NEW.subject_type AND subject_id = NEW.subject_id FOR NO KEY UPDATE;
    IF FOUND THEN
      NEW.hash := event_hash(NEW);
      UPDATE event_heads SET sequence = NEW.sequence, hash = NEW.hash
      WHERE subject_type = NEW.subject_type AND subject_id = NEW.subject_id;
      RETURN NEW;
    END IF;
    NEW.sequence := 1;
    NEW.previous_hash := '';
    NEW.hash := event_hash(NEW);
    INSERT INTO event_heads (subject_type, subject_id, sequence, hash)
    VALUES (NEW.subject_type, NEW.subject_id, 1, NEW.hash) ON CONFLICT DO NOTHING;
    IF FOUND THEN
      RETURN NEW;
    END IF;
  END LOOP;
END $$
"""

REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the event log is append-only' USING ERRCODE = '42501';
END $$
"""

# The bucket of a duration grows by 2 %, so that percentiles come from sums of counts.
DURATION_BUCKET = """
CREATE FUNCTION duration_bucket(us bigint) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CAST(floor(ln(1 + greatest(us, 0) / 1e6::float8) / ln(1.02::float8)) AS int)
"""

# The rows to subtract and to add, by the kind of the statement.
CHANGED_ROWS = {
    "insert": "SELECT 1 AS sign, * FROM new_rows WHERE counts",
    "update": "SELECT 1 AS sign, * FROM new_rows WHERE counts UNION ALL SELECT -1, * FROM old_rows WHERE counts",
    "delete": "SELECT -1 AS sign, * FROM old_rows WHERE counts",
}
SUMMED = ("succeeded", "failed", "cancelled", "bad", "unstarted")
# Sums over all projects follow the rows by environment and day, always in one order, so that two writers of the same
# sums cannot deadlock.
SUM_DAILY_DEPLOYMENTS = """
CREATE FUNCTION roll_daily_deployments_{kind}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO daily_deployment_totals AS kept (day, tier, {names})
  SELECT day, tier, {sums} FROM ({changed}) AS changed GROUP BY 1, 2
  HAVING ({sums}) <> ({zeros})
  ORDER BY 1, 2
  ON CONFLICT (day, tier) DO UPDATE SET {added};
  INSERT INTO daily_durations AS kept (tier, kind, day, bucket, count)
  SELECT tier, took.kind, day, duration_bucket(us), sum(sign)
  FROM ({changed}) AS changed, LATERAL (
    SELECT 'lead' AS kind, unnest(lead_us) AS us UNION ALL SELECT 'restore', unnest(restored_us)) AS took
  GROUP BY 1, 2, 3, 4 HAVING sum(sign) <> 0 ORDER BY 1, 2, 3, 4
  ON CONFLICT (tier, kind, day, bucket) DO UPDATE SET count = kept.count + excluded.count;
  INSERT INTO deployments_since AS kept (since, project_id, deployments, failed)
  SELECT since, project_id, sum(sign * (succeeded + failed + cancelled)), sum(sign * failed)
  FROM ({changed}) AS changed JOIN rolled_since ON day >= since
  GROUP BY 1, 2 HAVING (sum(sign * (succeeded + failed + cancelled)), sum(sign * failed)) <> (0, 0) ORDER BY 1, 2
  ON CONFLICT (since, project_id) DO UPDATE SET deployments = kept.deployments + excluded.deployments,
    failed = kept.failed + excluded.failed;
  RETURN NULL;
END $$
"""

# A change notification invalidates caches and reloads the screens that watch its topic. Each function
# sends the topics of one kind of table; `notify_table` is for those of which a list as a whole is watched.
_NOTIFY = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
{body}
  RETURN NULL;
END $$
"""
NOTIFY_BODIES = {
    "notify_table": "  PERFORM pg_notify('tca_changes', TG_ARGV[0]);",
    "notify_change": "  PERFORM pg_notify('tca_changes', TG_ARGV[0] || ':' || OLD.id);",
    "notify_team": "  PERFORM pg_notify('tca_changes', 'project:' || coalesce(NEW.project_id, OLD.project_id));",
    "notify_inbox": "  PERFORM pg_notify('tca_changes', 'inbox:' || coalesce(NEW.user_id, OLD.user_id));",
    "notify_slack": "  PERFORM pg_notify('tca_changes', 'slack:' || coalesce(NEW.project_id, OLD.project_id));",
    "notify_place": """\
  PERFORM pg_notify('tca_changes', 'deployments');
  PERFORM pg_notify('tca_changes', 'project:' || coalesce(NEW.project_id, OLD.project_id));""",
    # A log line notifies about the log alone, so that watchers of a deployment do not reload its page for each.
    "notify_deployment": """\
  IF TG_OP = 'UPDATE' AND OLD.log_lines <> NEW.log_lines THEN
    PERFORM pg_notify('tca_changes', 'deployment_log:' || NEW.id);
  ELSE
    PERFORM pg_notify('tca_changes', 'deployment:' || coalesce(NEW.id, OLD.id));
    PERFORM pg_notify('tca_changes', 'deployments');
    PERFORM pg_notify('tca_changes', 'project:' || coalesce(NEW.project_id, OLD.project_id));
  END IF;""",
    # Lists watch `webhooks`, the page of one its own topic; an attempt counts as a change of its webhook.
    "notify_webhook": """\
  PERFORM pg_notify('tca_changes', 'webhooks');
  IF TG_TABLE_NAME = 'webhooks' THEN
    PERFORM pg_notify('tca_changes', 'webhooks:' || coalesce(NEW.id, OLD.id));
  ELSE
    PERFORM pg_notify('tca_changes', 'webhooks:' || NEW.webhook_id);
  END IF;""",
}


def run_unparsed(script: str) -> None:
    """Run statements as they are: SQLAlchemy would take their colons and percent signs for parameters."""
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute(script)


def create_search() -> None:
    """Before the tables, whose generated columns and indexes call them."""
    for function in (FOLD_TEXT, TEXT_GRAMS, QUERY_GRAMS):
        run_unparsed(function)


def create() -> None:
    for function in (EVENT_HASH, CHAIN_EVENT, REFUSE_CHANGE, DURATION_BUCKET):
        run_unparsed(function)
    for name, body in NOTIFY_BODIES.items():
        run_unparsed(_NOTIFY.format(name=name, body=body))
    parts = {
        "names": ", ".join(SUMMED),
        "sums": ", ".join(f"sum(sign * {name})" for name in SUMMED),
        "zeros": ", ".join("0" for _ in SUMMED),
        "added": ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in SUMMED),
    }
    for kind, changed in CHANGED_ROWS.items():
        run_unparsed(SUM_DAILY_DEPLOYMENTS.format(kind=kind, changed=changed, **parts))


def drop_event_hash() -> None:
    """Before the table, of whose row it is a function."""
    op.execute("DROP FUNCTION event_hash(events)")


def drop() -> None:
    """After the tables and their triggers."""
    names = ["chain_event", "refuse_change", "duration_bucket", *NOTIFY_BODIES]
    names += [f"roll_daily_deployments_{kind}" for kind in CHANGED_ROWS]
    op.execute(f"DROP FUNCTION {', '.join(names)}, query_grams, text_grams, fold_text")
