"""Imports for tests: a file as rows, sent, and done with its jobs."""

from base64 import b64encode
from typing import Any

from tca_app.core.actor import Actor
from tca_app.features.imports import service
from tca_app.features.imports.schemas import ErrorQuery, ImportCreate, ImportRead
from tests.factories import do_jobs, run


def content_of(text: str) -> str:
    return b64encode(text.encode()).decode()


async def upload(actor: Actor, text: str, kind: str = "users", **options: Any) -> ImportRead:
    """Sends a file. It starts at once unless `dry_run` is given."""
    data = ImportCreate.model_validate({"kind": kind, "content": content_of(text), **options})
    return await run(service.create_import, actor, data)


async def imported(actor: Actor, text: str, kind: str = "users", **options: Any) -> ImportRead:
    """Imports a file, and returns the import as it ended."""
    started = await upload(actor, text, kind, **options)
    await do_jobs()
    return await run(service.get_import, actor, started.id)


def numbers(row: ImportRead) -> tuple[int, int, int, int]:
    return row.created, row.changed, row.unchanged, row.failed


async def errors(actor: Actor, import_id: int) -> list[str]:
    """The lines of the error file."""
    return (await run(service.error_file, actor, import_id, ErrorQuery())).splitlines()
