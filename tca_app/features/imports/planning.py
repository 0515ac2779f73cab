"""Plans an import: what each row would do, before anything is done."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.features.imports.kinds.base import ImportKind, Options, Planned
from tca_app.features.imports.kinds.members import Members
from tca_app.features.imports.kinds.projects import Projects
from tca_app.features.imports.kinds.users import Users
from tca_app.features.imports.parsing import ParsedFile, Record, parse
from tca_app.features.imports.schemas import SHOWN_ERRORS, SHOWN_ROWS, ImportPreview, Kind, PlannedRow

KINDS: dict[Kind, ImportKind] = {"users": Users(), "projects": Projects(), "members": Members()}
PLANNED_AT_ONCE = 1_000


def read_file(kind: Kind, content: bytes) -> ParsedFile:
    """Returns the rows of a file. Raises Invalid."""
    return parse(content, KINDS[kind].columns, KINDS[kind].read_only)


def repeated_lines(kind: Kind, records: Sequence[Record]) -> dict[int, str]:
    """Returns the rows with a key that an earlier row has, by their line, with the reason."""
    first: dict[tuple[str, str], int] = {}
    faults: dict[int, str] = {}
    for record in records:
        for key in KINDS[kind].keys_of(record.values):
            line = first.setdefault(key, record.line)
            if line != record.line:
                faults.setdefault(record.line, f"{key[0]}: Line {line:,} has the same.")
    return faults


async def plan(
    session: AsyncSession,
    actor: Actor,
    kind: Kind,
    options: Options,
    records: Sequence[Record],
    repeated: dict[int, str],
) -> list[Planned]:
    """Returns what would happen with these rows, in their order."""
    faults = {record.line: record.fault or repeated.get(record.line, "") for record in records}
    readable = [record for record in records if not faults[record.line]]
    planned: dict[int, Planned] = {}
    for start in range(0, len(readable), PLANNED_AT_ONCE):
        batch = readable[start : start + PLANNED_AT_ONCE]
        planned |= {row.record.line: row for row in await KINDS[kind].plan(session, actor, options, batch)}
    return [planned.get(record.line) or Planned.refused(record, faults[record.line]) for record in records]


def summary_of(parsed: ParsedFile, rows: Sequence[Planned]) -> ImportPreview:
    counts = Counter(row.action for row in rows)
    return ImportPreview(
        created=counts["new"],
        changed=counts["changed"],
        unchanged=counts["unchanged"],
        failed=counts["error"],
        ignored=parsed.ignored,
        rows=[_shown(row) for row in rows[:SHOWN_ROWS]],
        errors=[_shown(row) for row in rows if row.action == "error"][:SHOWN_ERRORS],
    )


def _shown(row: Planned) -> PlannedRow:
    cells = [cell[:200] for cell in row.record.cells]
    return PlannedRow(line=row.record.line, action=row.action, cells=cells, error=row.error)
