"""What a migration did to the schema that the version before cannot serve on, found by comparing the catalogs."""

from typing import NamedTuple

from psycopg import Connection

_COLUMNS = """
SELECT format('%s.%s', c.relname, a.attname), format_type(a.atttypid, a.atttypmod), a.attnotnull,
       a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '', c.relname
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0
  AND NOT a.attisdropped AND c.relname <> 'alembic_version'
"""
# The columns of a constraint or index, as `table.column`, tell whether old code can break it.
_CONSTRAINTS = """
SELECT format('%s on %s', conname, c.relname), pg_get_constraintdef(k.oid),
       ARRAY(SELECT format('%s.%s', c.relname, a.attname) FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey))
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.connamespace = 'public'::regnamespace AND k.contype <> 'n'
"""
_UNIQUE_INDEXES = """
SELECT format('%s on %s', i.relname, c.relname), pg_get_indexdef(i.oid),
       ARRAY(SELECT format('%s.%s', c.relname, a.attname) FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum = ANY (x.indkey))
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
WHERE x.indisunique AND i.relnamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x'))
"""
_FUNCTIONS = """
SELECT p.oid::regprocedure::text, concat(p.prosrc, pg_get_function_result(p.oid)), p.oid::regprocedure::text
FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
"""
_TRIGGERS = """
SELECT format('%s on %s', t.tgname, c.relname), pg_get_triggerdef(t.oid), c.relname, t.tgtype & 2 <> 0
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace
"""
_ENUMS = """
SELECT t.typname, string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder)
FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid GROUP BY 1
"""


class Column(NamedTuple):
    kind: str
    is_required: bool
    has_default: bool
    table: str


class Catalog(NamedTuple):
    """The parts of a schema that code depends on, by name."""

    columns: dict[str, Column]
    rules: dict[str, tuple[str, tuple[str, ...]]]  # constraints and unique indexes: definition, and columns
    functions: dict[str, str]
    triggers: dict[str, tuple[str, str, bool]]  # definition, table, and whether it can change the row
    enums: dict[str, str]

    @property
    def tables(self) -> set[str]:
        return {column.table for column in self.columns.values()}


def read_catalog(connection: Connection) -> Catalog:
    def rows(statement: str) -> list[tuple]:  # type: ignore[type-arg]
        return connection.execute(statement).fetchall()

    rules = {name: (text, tuple(columns)) for name, text, columns in rows(_CONSTRAINTS) + rows(_UNIQUE_INDEXES)}
    return Catalog(
        {name: Column(*others) for name, *others in rows(_COLUMNS)},
        rules,
        {name: text for name, text, _ in rows(_FUNCTIONS)},
        {name: (text, table, is_before) for name, text, table, is_before in rows(_TRIGGERS)},
        dict(rows(_ENUMS)),
    )


def contracting_changes(before: Catalog, after: Catalog) -> list[str]:
    """Name each change that code of before may fail on. Changes of data are not seen."""
    found = [*_columns(before, after), *_rules(before, after), *_triggers(before, after)]
    for name, text in before.functions.items():
        if after.functions.get(name) != text:
            found.append(f"function {name} is {'changed' if name in after.functions else 'dropped'}")
    for name, labels in before.enums.items():
        if not set(labels.split(", ")) <= set(after.enums.get(name, "").split(", ")):
            found.append(f"type {name} lost a value")
    return sorted(found)


def _columns(before: Catalog, after: Catalog) -> list[str]:
    found = []
    for name, old in before.columns.items():
        new = after.columns.get(name)
        if new is None:
            found.append(f"column {name} is dropped or renamed")
        elif new.kind != old.kind:
            found.append(f"column {name} has another type")
        elif new.is_required != old.is_required:
            found.append(f"column {name} {'must not' if new.is_required else 'may'} be null now")
        elif old.has_default and not new.has_default:
            found.append(f"column {name} lost its default")
    for name in after.columns.keys() - before.columns.keys():
        column = after.columns[name]
        if column.table in before.tables and column.is_required and not column.has_default:
            found.append(f"column {name} is required and has no default")
    return found


def _rules(before: Catalog, after: Catalog) -> list[str]:
    # ON CONFLICT names the columns of a unique index, so one that is gone is missed, under another name too.
    found = [f"{name} is changed or dropped" for name, rule in before.rules.items() if after.rules.get(name) != rule]
    for name in after.rules.keys() - before.rules.keys():
        _, columns = after.rules[name]
        if not columns or before.columns.keys() & set(columns):  # without columns: an expression, or the whole row
            table = name.rpartition(" on ")[2]
            if table in before.tables:
                found.append(f"{name} is new, and old code may break it")
    return found


def _triggers(before: Catalog, after: Catalog) -> list[str]:
    found = [
        f"trigger {name} is changed or dropped"
        for name, trigger in before.triggers.items()
        if after.triggers.get(name) != trigger
    ]
    for name in after.triggers.keys() - before.triggers.keys():
        _, table, is_before = after.triggers[name]
        if is_before and table in before.tables:
            found.append(f"trigger {name} is new and may change what old code writes")
    return found
