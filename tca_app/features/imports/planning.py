"""Plans an import: what each row would do, before anything is done."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.features.imports.kinds.base import ImportKind, Options, Planned
from tca_app.features.imports.kinds.members import Members
from tca_app.features.imports.kinds.projects import Projects
from tca_app.features.imports.kinds.users import Users
from tca_app.features.imports.parsing import ParsedFile, Record, parse
from tca_app.features.imports.schemas import SHOWN_ERRORS, SHOWN_ROWS, ErrorQuery, ImportPreview, Kind, PlannedRow

KINDS: dict[Kind, ImportKind] = {"users": Users(), "projects": Projects(), "members": Members()}
PLANNED_AT_ONCE = 1_000


def read_file(kind: Kind, content: bytes) -> ParsedFile:
    """Returns the rows of a file. Raises Invalid."""
    return parse(content, KINDS[kind].columns, KINDS[kind].read_only)


def repeated_lines(kind: Kind, records: Sequence[Record]) -> dict[int, list[str]]:
    """Returns the rows with keys that an earlier row has, by their line, with the reasons."""
    first: dict[tuple[str, str], int] = {}
    faults: dict[int, list[str]] = {}
    for record in records:
        for key in KINDS[kind].keys_of(record.values):
            line = first.setdefault(key, record.line)
            if line != record.line:
                faults.setdefault(record.line, []).append(f"{key[0]}: Line {line:,} has the same.")
    return faults


async def plan(
    session: AsyncSession,
    actor: Actor,
    kind: Kind,
    options: Options,
    records: Sequence[Record],
    repeated: dict[int, list[str]],
) -> list[Planned]:
    """Returns what would happen with these rows, in their order, with all that is wrong with each."""
    readable = [record for record in records if not record.fault]
    planned: dict[int, Planned] = {}
    for start in range(0, len(readable), PLANNED_AT_ONCE):
        batch = readable[start : start + PLANNED_AT_ONCE]
        planned |= {row.record.line: row for row in await KINDS[kind].plan(session, actor, options, batch)}
    return [_with_repeated(record, planned.get(record.line), repeated.get(record.line, [])) for record in records]


def _with_repeated(record: Record, planned: Planned | None, repeated: list[str]) -> Planned:
    if planned is None:
        return Planned.refused(record, [record.fault])  # its cells may stand in other columns
    return Planned.refused(record, [*repeated, *filter(None, [planned.error])]) if repeated else planned


def errors_of(rows: Sequence[Planned], query: ErrorQuery) -> list[Planned]:
    """Returns the rows with errors in their order."""
    key: dict[str, Callable[[Planned], Any]] = {
        "line": lambda row: row.record.line,
        "error": lambda row: (row.error, row.record.line),
    }
    failed = (row for row in rows if row.action == "error")
    return sorted(failed, key=key[query.sort.removeprefix("-")], reverse=query.sort.startswith("-"))


def summary_of(parsed: ParsedFile, rows: Sequence[Planned], query: ErrorQuery | None = None) -> ImportPreview:
    counts = Counter(row.action for row in rows)
    return ImportPreview(
        created=counts["new"],
        changed=counts["changed"],
        unchanged=counts["unchanged"],
        failed=counts["error"],
        ignored=parsed.ignored,
        rows=[_shown(row) for row in rows[:SHOWN_ROWS]],
        errors=[_shown(row) for row in errors_of(rows, query or ErrorQuery())[:SHOWN_ERRORS]],
    )


def _shown(row: Planned) -> PlannedRow:
    cells = [cell[:200] for cell in row.record.cells]
    return PlannedRow(line=row.record.line, action=row.action, cells=cells, error=row.error)
