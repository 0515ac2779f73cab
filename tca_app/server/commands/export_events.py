"""`python -m tca_app export-events`: writes the event log as JSON lines (docs/event-export.md)."""

import asyncio
import os
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.cache.redis import close_redis
from tca_app.core.database.session import close_db, reading
from tca_app.core.plurals import plural
from tca_app.core.stores.embedded import configured_stores
from tca_app.core.telemetry.lines import lines
from tca_app.features.event_export.records import all_records
from tca_app.server.commands.faults import plain_faults
from tca_app.server.migrate import migrate

STARTED_IN = Path.cwd()


def export_events(
    since: Annotated[datetime | None, typer.Option(help="The first day (UTC).", formats=["%Y-%m-%d"])] = None,
    after_id: Annotated[int, typer.Option(min=0, help="Only events with a greater id.")] = 0,
    file_format: Annotated[Literal["jsonl"], typer.Option("--format", help="One JSON object a line.")] = "jsonl",
    output: Annotated[Path | None, typer.Option(help="A new file; standard output if unset.")] = None,
) -> None:
    """Write the event log as JSON lines, oldest first, while the console runs."""
    first = since.replace(tzinfo=UTC) if since else datetime.min.replace(tzinfo=UTC)
    with plain_faults(), configured_stores():
        migrate()
        try:
            with _new_file(STARTED_IN / output) if output else nullcontext(sys.stdout.buffer) as file:
                count, last = asyncio.run(_export(file, first, after_id))
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the exit writes into it again
            raise typer.Exit(1) from None
        except OSError as error:
            lines.fail(f"{output or 'standard output'} cannot be written: {error.strerror}")
            raise typer.Exit(1) from None
        lines.note(f"Exported {plural(count, 'event')} as {file_format}; the last id is {last}")


def _new_file(path: Path) -> BinaryIO:
    """Open a file that only its owner reads. Raises FileExistsError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


async def write_events(session: AsyncSession, file: BinaryIO, since: datetime, after_id: int) -> tuple[int, int]:
    """Write the events. Return how many, and the last id."""
    count = 0
    async for records in all_records(session, since, after_id):
        file.write("".join(f"{record.line}\n" for record in records).encode())
        count, after_id = count + len(records), records[-1].id
    file.flush()
    return count, after_id


async def _export(file: BinaryIO, since: datetime, after_id: int) -> tuple[int, int]:
    try:
        async with reading() as session:
            return await write_events(session, file, since, after_id)
    finally:
        await close_db()
        await close_redis()
