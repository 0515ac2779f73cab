"""Runs an import in batches: each is a transaction of its own, and a job, so that a restart goes on where it was."""

from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.session import take_time
from tca_app.core.errors import AppError
from tca_app.core.events.log import emit
from tca_app.core.jobs.queue import enqueue
from tca_app.features.imports.kinds.base import Options, Planned, reason_of
from tca_app.features.imports.parsing import Record
from tca_app.features.imports.planning import KINDS, plan, read_file, repeated_lines
from tca_app.features.imports.service import TASK, imported_event, require_import
from tca_app.features.tokens.authentication import actor_of_token
from tca_app.features.users.queries import active_actor
from tca_app.models import Import, ImportFault

BATCH = 100
MAX_ERROR = 1_000
STOPPED = "Not imported: the import was stopped."
REFUSED = "Not imported: the importer may no longer do this."
FAILED = "Not imported: the import failed. Try again."
_IMPORTS = Import.__table__
_imports = _IMPORTS.c
_NOTIFY = text("SELECT pg_notify('tca_changes', :topic)")
_COUNTED = {"new": "created", "changed": "changed", "unchanged": "unchanged", "error": "failed"}


async def run_batch(session: AsyncSession, import_id: int, done: int) -> None:
    """Imports the rows after the first `done`, and enqueues the next batch. A batch that was done is not done again."""
    await take_time(session)
    locked = select(*_imports).where(_imports.id == import_id).with_for_update()
    row = (await session.execute(locked)).first()
    if row is None or row.content is None or row.done != done:
        return
    actor = await _actor(session, row)
    if row.state != "running" or actor is None:
        await _finish(session, actor, row, row.state, STOPPED if row.state == "stopped" else REFUSED)
        return
    options = Options(row.existing, row.new_users, row.project_id or 0)
    try:
        async with session.begin_nested():
            await require_import(session, actor, row.kind, row.project_id)
            await KINDS[row.kind].prepare(session, actor, options)
    except AppError:
        await _finish(session, actor, row, "stopped", REFUSED)
        return
    records = read_file(row.kind, row.content).records
    batch = records[done : done + BATCH]
    planned = await plan(session, actor, row.kind, options, batch, repeated_lines(row.kind, records))
    counts = dict.fromkeys(_COUNTED.values(), 0)
    for entry in planned:
        outcome = await _apply(session, actor, row, options, entry)
        counts[_COUNTED[outcome]] += 1
    values = {name: _imports[name] + number for name, number in counts.items()} | {"done": done + len(batch)}
    counted = update(_IMPORTS).where(_imports.id == import_id).values(values).returning(*_imports)
    after = (await session.execute(counted)).one()
    if after.done >= after.total:
        await _finish(session, actor, after, "finished", "")
    else:
        await enqueue(session, TASK, import_id=import_id, done=after.done)
        await _notify(session, import_id)


async def fail(session: AsyncSession, import_id: int) -> None:
    """Ends an import whose batch failed for good. The rows that are left are in the error file."""
    row = (await session.execute(select(*_imports).where(_imports.id == import_id).with_for_update())).first()
    if row is not None and row.content is not None and row.state != "preview":
        await _finish(session, await _actor(session, row), row, "failed", FAILED)


async def _actor(session: AsyncSession, row: Any) -> Actor | None:  # noqa: ANN401  a row of imports
    """Returns who imports, with the rights that they have now, or None when they can do nothing any more."""
    if row.token_id:
        return await actor_of_token(session, row.token_id)
    return await active_actor(session, row.user_id)


async def _apply(session: AsyncSession, actor: Actor, row: Any, options: Options, entry: Planned) -> str:  # noqa: ANN401
    """Applies one row. A refusal affects only this row."""
    if entry.action == "unchanged":
        return "unchanged"
    error = entry.error
    if not error:
        try:
            async with session.begin_nested():
                await KINDS[row.kind].apply(session, actor, options, entry)
        except AppError as refusal:
            error = reason_of(refusal)
    if not error:
        return str(entry.action)
    await _note(session, row.id, [(entry.record, error)])
    return "error"


async def _note(session: AsyncSession, import_id: int, faults: list[tuple[Record, str]]) -> None:
    if faults:
        rows = [
            {"import_id": import_id, "line": record.line, "cells": record.cells, "error": error[:MAX_ERROR]}
            for record, error in faults
        ]
        await session.execute(insert(ImportFault.__table__), rows)


async def _finish(session: AsyncSession, actor: Actor | None, row: Any, state: str, reason: str) -> None:  # noqa: ANN401
    """Drops the file, and keeps only the rows that are not imported."""
    rest = read_file(row.kind, row.content).records[row.done :] if reason else []
    await _note(session, row.id, [(record, reason) for record in rest])
    state = "stopped" if state == "running" else state
    values = {"state": state, "content": None, "finished_at": func.now(), "failed": row.failed + len(rest)}
    await session.execute(update(_IMPORTS).where(_imports.id == row.id).values(values))
    await emit(session, actor, await imported_event(session, row, row.failed + len(rest)))
    await _notify(session, row.id)


async def _notify(session: AsyncSession, import_id: int) -> None:
    await session.execute(_NOTIFY, {"topic": f"import:{import_id}"})
