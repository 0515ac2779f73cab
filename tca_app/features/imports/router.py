"""REST endpoints of imports. The rules are in the service."""

from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import TypeAdapter

from tca_app.core.schema import UrlId
from tca_app.features.imports import service
from tca_app.features.imports.schemas import (
    ErrorQuery,
    ImportCreate,
    ImportPreview,
    ImportRead,
    ImportStart,
    Kind,
    PreviewQuery,
)
from tca_app.rest.csv_files import CSV
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, FromPage, Reading, Writing
from tca_app.rest.idempotency import idempotent
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response, json_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1/imports", "imports")
_imports = TypeAdapter(list[ImportRead])
ImportId = Annotated[UrlId, Path()]


def _csv(content: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(content, headers=headers, media_type="text/csv; charset=utf-8")


@router.get("", response_model=list[ImportRead], responses=problems(401, 403))
async def list_imports(actor: CurrentActor, session: Reading, kind: Kind | None = None) -> Response:
    """List your newest imports, at most 10."""
    return json_response(_imports.dump_json(await service.list_imports(session, actor, kind)))


@router.post("", status_code=201, responses=problems(401, 403, 404, 409))
@idempotent(service.get_import, location="/api/v1/imports/{id}")
async def create_import(data: ImportCreate, actor: FromPage, session: Writing) -> ImportRead:
    """Import a CSV file in the background, or with `dry_run` say what it would do. It has the columns of the export.

    Users: superusers only. Members: maintainers and owners of the project.
    """
    return await service.create_import(session, actor, data)


@router.get("/template.csv", response_class=Response, responses=CSV | problems(401))
async def read_template(actor: CurrentViewer, kind: Annotated[Kind, Query()] = "users") -> Response:
    """Download a file to start from, with the columns that can be imported."""
    return _csv(service.template_file(actor, kind), kind)


@router.get("/{import_id:int}", response_model=ImportRead, responses=problems(401, 404))
async def read_import(import_id: ImportId, actor: CurrentActor, session: Reading) -> Response:
    """Read an import of yours, with its progress."""
    return item_response(await service.get_import(session, actor, import_id))


@router.get("/{import_id:int}/preview", response_model=ImportPreview, responses=problems(401, 404, 409))
async def preview_import(
    import_id: ImportId, query: Annotated[PreviewQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """Read what an import that has not started would do, with the first rows and errors."""
    return item_response(await service.preview_import(session, actor, import_id, query))


@router.post("/{import_id:int}/start", responses=problems(401, 403, 404, 409))
@idempotent(service.get_import, "import_id")
async def start_import(import_id: ImportId, data: ImportStart, actor: CurrentActor, session: Writing) -> ImportRead:
    """Start an import that was uploaded with `dry_run`."""
    return await service.start_import(session, actor, import_id, data)


@router.post("/{import_id:int}/stop", responses=problems(401, 404, 409))
@idempotent(service.get_import, "import_id")
async def stop_import(import_id: ImportId, actor: CurrentActor, session: Writing) -> ImportRead:
    """Stop a running import after its current batch. What is imported stays."""
    return await service.stop_import(session, actor, import_id)


@router.get("/{import_id:int}/errors.csv", response_class=Response, responses=CSV | problems(401, 404))
async def read_errors(
    import_id: ImportId, query: Annotated[ErrorQuery, Query()], actor: CurrentViewer, session: Reading
) -> Response:
    """Download the rows that failed, with the column `error`. Mend them and import the file again."""
    return _csv(await service.error_file(session, actor, import_id, query), f"import-{import_id}-errors")


@router.delete("/{import_id:int}", status_code=204, response_class=Response, responses=problems(401, 404, 409))
async def delete_import(import_id: ImportId, actor: CurrentActor, session: Writing) -> Response:
    """Delete a file and its errors. What was imported stays."""
    await service.delete_import(session, actor, import_id)
    return Response(status_code=204)
