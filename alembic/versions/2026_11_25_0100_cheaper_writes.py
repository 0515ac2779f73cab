"""What every write pays for in the database, for less: the runs of characters that search knows, and the event chain.

* The functions of search are plpgsql's now. A body in SQL was read from the catalogue and planned anew for every
  statement that wrote a row, and once more for the generated column: a third of all that a new project cost.
* GIN keeps each run of a text once, whether or not it is given twice, so they are not sorted out before.
* The head of a chain is written once for each event, not twice: a new one with its hash, an old one when that is known.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0100"
down_revision: str | None = "0090"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FOLD = """
CREATE OR REPLACE FUNCTION fold_text(value text) RETURNS text LANGUAGE {language} IMMUTABLE STRICT PARALLEL SAFE
{begin} replace(replace(replace(
  lower(translate(regexp_replace(normalize(value, NFKD), '[\\u0300-\\u036f]', '', 'g'), 'ØøŁłĐđĦħŦŧı', 'OoLlDdHhTti')
        COLLATE "pg_c_utf8"),
  'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'){end}
"""
# Costly on purpose: the index has the answer, so no plan may work it out row by row.
GRAMS = """
CREATE OR REPLACE FUNCTION text_grams(value text) RETURNS text[] LANGUAGE {language} IMMUTABLE STRICT PARALLEL SAFE
COST 10000
{begin} ARRAY(
  SELECT {distinct} substr(value, i, n)
  FROM generate_series(2, 3) AS n, generate_series(1, length(value) - n + 1) AS i
){end}
"""
PLPGSQL = {"{language}": "plpgsql", "{begin}": "AS $$ BEGIN RETURN", "{end}": "; END $$", "{distinct} ": ""}
SQL = {"{language}": "sql", "{begin}": "RETURN", "{end}": "", "{distinct}": "DISTINCT"}

# The lock on the head makes those who write about one subject take turns; all others pass. Of two who begin a chain at
# once, the second waits at its INSERT and then finds the head.
CHAIN = """
CREATE OR REPLACE FUNCTION chain_event() RETURNS trigger LANGUAGE plpgsql AS $$
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
CHAIN_BEFORE = """
CREATE OR REPLACE FUNCTION chain_event() RETURNS trigger LANGUAGE plpgsql AS $$
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


def _run(statement: str) -> None:
    """As it is: SQLAlchemy would take the colons for parameters."""
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute(statement)


def _search(parts: dict[str, str]) -> None:
    for function in (FOLD, GRAMS):
        for name, part in parts.items():
            function = function.replace(name, part)
        _run(function)


def upgrade() -> None:
    _search(PLPGSQL)
    _run(CHAIN)


def downgrade() -> None:
    _search(SQL)
    _run(CHAIN_BEFORE)
