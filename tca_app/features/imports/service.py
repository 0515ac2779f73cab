"""Service functions for imports: upload, preview, start, stop and delete. `run` does the work, in jobs."""

import base64
import binascii
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.csv_lines import cell, undefused
from tca_app.core.database.lists import to_reads
from tca_app.core.database.session import lock
from tca_app.core.database.sorting import order_by
from tca_app.core.display_name import display_name_sql
from tca_app.core.errors import Conflict, Invalid, NotFound
from tca_app.core.events.log import Event
from tca_app.core.instance import instance_settings
from tca_app.core.jobs.queue import enqueue
from tca_app.core.language.messages import _
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.imports import policy
from tca_app.features.imports.events import MembersImported, ProjectsImported, UsersImported
from tca_app.features.imports.kinds.base import Options, Planned
from tca_app.features.imports.parsing import ERROR_COLUMN, FIELD, ParsedFile
from tca_app.features.imports.planning import KINDS, errors_of, plan, read_file, repeated_lines, summary_of
from tca_app.features.imports.schemas import (
    SHOWN_ERRORS,
    ErrorQuery,
    ImportCreate,
    ImportPreview,
    ImportRead,
    ImportStart,
    Kind,
    PlannedRow,
    PreviewQuery,
)
from tca_app.features.projects import service as projects
from tca_app.models import Import, ImportFault, Project, User

TASK = "run_import"
MAX_OPEN = 5  # previews and running imports of one person; each holds a file
RECENT = 10
_imports, _faults = Import.__table__.c, ImportFault.__table__.c
_users, _projects = User.__table__.c, Project.__table__.c
_READ = tuple(_imports[name] for name in ImportRead.model_fields)
_OPEN = _imports.state.in_(("preview", "running"))


async def create_import(session: AsyncSession, actor: Actor, data: ImportCreate) -> ImportRead:
    """Stores a file, and starts its import unless it is a dry run. Raises Forbidden, Invalid for a wrong file."""
    await require_import(session, actor, data.kind, data.project_id)
    try:
        content = base64.b64decode(data.content, validate=True)
    except binascii.Error:
        raise Invalid.at(FIELD, _("This is not base64.")) from None
    parsed = read_file(data.kind, content)
    options = Options(data.existing, data.new_users, data.project_id or 0)
    summary = summary_of(parsed, await _planned(session, actor, data.kind, options, parsed))
    await _refuse_too_many(session, actor)
    values = {
        **data.model_dump(include={"kind", "project_id", "file_name", "existing", "new_users"}),
        **summary.model_dump(include={"created", "changed", "unchanged", "failed"}),
        "user_id": actor.user_id,
        "token_id": actor.token_id or None,
        "content": content,
        "columns": parsed.columns,
        "total": len(parsed.records),
    }
    made = (await session.execute(insert(Import.__table__).values(values).returning(*_READ))).all()
    created = to_reads(ImportRead, made)[0]
    return created if data.dry_run else await start_import(session, actor, created.id, ImportStart())


async def _refuse_too_many(session: AsyncSession, actor: Actor) -> None:
    await lock(session, f"imports {actor.user_id}")
    count = select(func.count()).select_from(Import.__table__).where(_imports.user_id == actor.user_id, _OPEN)
    if (await session.execute(count)).scalar_one() >= MAX_OPEN:
        raise Conflict(_("You have {max_open} open imports already. Delete one first.", max_open=MAX_OPEN))


async def require_import(session: AsyncSession, actor: Actor, kind: Kind, project_id: int | None) -> None:
    """Raises Forbidden or NotFound unless the actor may import such rows."""
    role = None
    if project_id is not None:
        role = (await projects.get_project(session, actor, project_id)).my_role
    policy.require(actor, kind, role)


async def _planned(
    session: AsyncSession, actor: Actor, kind: Kind, options: Options, parsed: ParsedFile
) -> list[Planned]:
    repeated = repeated_lines(kind, parsed.records)
    return await plan(session, actor, kind, options, parsed.records, repeated)


async def get_import(session: AsyncSession, actor: Actor, import_id: int) -> ImportRead:
    """Returns your own import. Raises NotFound for those of others, and when you may no longer import such rows."""
    return to_reads(ImportRead, [await _find(session, actor, import_id)])[0]


async def list_imports(
    session: AsyncSession, actor: Actor, kind: Kind | None = None, project_id: int | None = None
) -> list[ImportRead]:
    """Returns your newest imports."""
    policy.require(actor, "projects")
    chosen = select(*_READ).where(_imports.user_id == actor.user_id).order_by(_imports.id.desc()).limit(RECENT)
    if kind is not None:
        chosen = chosen.where(_imports.kind == kind)
    if project_id is not None:
        chosen = chosen.where(_imports.project_id == project_id)
    return to_reads(ImportRead, await session.execute(chosen))


async def _find(
    session: AsyncSession, actor: Actor, import_id: int, *, lock_row: bool = False
) -> Row[*tuple[Any, ...]]:
    own = (_imports.id == import_id, _imports.user_id == actor.user_id)
    statement = select(*_READ, _imports.content).where(*own)
    row = (await session.execute(statement.with_for_update() if lock_row else statement)).first()
    if row is None:
        raise NotFound
    await require_import(session, actor, row.kind, row.project_id)
    return row


async def preview_import(session: AsyncSession, actor: Actor, import_id: int, data: PreviewQuery) -> ImportPreview:
    """Returns what a file would do with these choices. Raises Conflict when the import has started."""
    row = await _find(session, actor, import_id)
    if row.state != "preview":
        raise Conflict(_("This import has started already."))
    parsed, options = read_file(row.kind, row.content), _options(row, data)
    return summary_of(parsed, await _planned(session, actor, row.kind, options, parsed), data)


def _options(row: Any, data: ImportStart) -> Options:  # noqa: ANN401  a row of imports
    return Options(data.existing or row.existing, data.new_users or row.new_users, row.project_id or 0)


async def start_import(session: AsyncSession, actor: Actor, import_id: int, data: ImportStart) -> ImportRead:
    """Starts an import, in the background. Raises Conflict when it has started, ReauthenticationRequired.

    A person proves once who they are, for all accounts and roles in the file. The rows of an API token are refused one
    by one, as its calls are.
    """
    row = await _find(session, actor, import_id, lock_row=True)
    if row.state != "preview":
        raise Conflict(_("This import has started already."))
    if row.kind != "projects" and actor.scopes is None:
        await require_recent_proof(session, actor, is_credential=row.kind == "users")
    options = _options(row, data)
    await KINDS[row.kind].prepare(session, actor, options)
    counts: dict[str, Any] = dict.fromkeys(("done", "created", "changed", "unchanged", "failed"), 0)
    values = {"existing": options.existing, "new_users": options.new_users, "token_id": actor.token_id or None}
    started = await _store(session, import_id, counts | values | {"state": "running", "started_at": func.now()})
    await enqueue(session, TASK, import_id=import_id, done=0)
    return started


async def stop_import(session: AsyncSession, actor: Actor, import_id: int) -> ImportRead:
    """Stops an import after its current batch. What is imported stays. Raises Conflict unless it runs."""
    row = await _find(session, actor, import_id, lock_row=True)
    if row.state != "running":
        raise Conflict(_("This import does not run."))
    return await _store(session, import_id, {"state": "stopped"})


async def _store(session: AsyncSession, import_id: int, values: dict[str, Any]) -> ImportRead:
    change = update(Import.__table__).where(_imports.id == import_id).values(values).returning(*_READ)
    return to_reads(ImportRead, (await session.execute(change)).all())[0]


async def delete_import(session: AsyncSession, actor: Actor, import_id: int) -> None:
    """Deletes a file and its errors; what was imported stays. Raises Conflict while it runs."""
    row = await _find(session, actor, import_id, lock_row=True)
    if row.state == "running" or (row.state == "stopped" and row.content is not None):
        raise Conflict(_("This import runs. Stop it first."))
    await session.execute(delete(Import.__table__).where(_imports.id == import_id))


async def imported_event(session: AsyncSession, row: Any, failed: int) -> Event:  # noqa: ANN401  a row
    """Returns the event of an import that ended."""
    numbers = {"created": row.created, "changed": row.changed, "failed": failed}
    if row.kind == "users":
        return UsersImported(subject_id=1, subject_name=instance_settings().app_name, **numbers)
    if row.kind == "projects":
        name = await _name(session, display_name_sql(_users), _users.id == row.user_id)
        return ProjectsImported(subject_id=row.user_id, subject_name=name, **numbers)
    name = await _name(session, _projects.name, _projects.id == row.project_id)
    return MembersImported(subject_id=row.project_id, subject_name=name, project_id=row.project_id, **numbers)


async def _name(session: AsyncSession, name: ColumnElement[str], which: ColumnElement[bool]) -> str:
    return (await session.execute(select(name).where(which))).scalar_one()


async def error_file(session: AsyncSession, actor: Actor, import_id: int, query: ErrorQuery) -> str:
    """Returns the rows that failed, as CSV with a column for the reason. Before the start those that would fail."""
    row = await _find(session, actor, import_id)
    if row.state == "preview":
        parsed = read_file(row.kind, row.content)
        planned = await _planned(session, actor, row.kind, _options(row, ImportStart()), parsed)
        failed = [(entry.record.cells, entry.error) for entry in errors_of(planned, query)]
    else:
        failed = [(found.cells, found.error) for found in await session.execute(_failed(import_id, query))]
    columns = [name for name in row.columns if name != ERROR_COLUMN]
    kept = [number for number, name in enumerate(row.columns) if name != ERROR_COLUMN]
    return _csv([*columns, ERROR_COLUMN], [[*_cells(cells, kept), error] for cells, error in failed])


def _failed(import_id: int, query: ErrorQuery) -> Select[Any]:
    chosen = select(_faults.line, _faults.cells, _faults.error).where(_faults.import_id == import_id)
    return chosen.order_by(*order_by({"error": _faults.error}, query.sort, _faults.line))


async def list_errors(session: AsyncSession, actor: Actor, import_id: int, query: ErrorQuery) -> list[PlannedRow]:
    """Returns the first rows that failed, of an import that has started."""
    await _find(session, actor, import_id)
    found = await session.execute(_failed(import_id, query).limit(SHOWN_ERRORS))
    return [PlannedRow(action="error", **row._mapping) for row in found]


def _cells(cells: list[str], kept: list[int]) -> list[str]:
    return [undefused(cells[number]) if number < len(cells) else "" for number in kept]


def _csv(columns: list[str], rows: list[list[str]]) -> str:
    head = ",".join(f'"{name}"' for name in columns)
    lines = (",".join('"' + cell(text).replace('"', '""') + '"' for text in row) for row in rows)
    return "\r\n".join((head, *lines, ""))


def template_file(actor: Actor, kind: Kind) -> str:
    """Returns a file to start from, with the columns of the export that can be imported."""
    policy.require(actor, "projects")
    rows = KINDS[kind].template
    return _csv(list(KINDS[kind].columns), [[row[name] for name in KINDS[kind].columns] for row in rows])
