"""REST endpoints of API tokens: one's own, those of a project, and all for administrators."""

from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.core.schema import UrlId
from tca_app.features.tokens import listing, service
from tca_app.features.tokens.schemas import (
    OwnedTokenRead,
    OwnTokenQuery,
    ProjectTokenCreate,
    TokenCreate,
    TokenFilter,
    TokenQuery,
    TokenRead,
    TokenRotate,
    TokenWithSecret,
)
from tca_app.rest.csv_files import CSV, csv_file, csv_response
from tca_app.rest.dependencies import CurrentActor, CurrentViewer, ProjectId, Reading, ViewedProjectId, Writing
from tca_app.rest.idempotency import idempotent
from tca_app.rest.problems import problems
from tca_app.rest.responses import json_response, page_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1", "tokens", "session")
_tokens = TypeAdapter(list[TokenRead])
_owned = TypeAdapter(list[OwnedTokenRead])


@router.get("/tokens", response_model=list[TokenRead], responses=problems(401))
async def list_tokens(query: Annotated[OwnTokenQuery, Query()], actor: CurrentActor, session: Reading) -> Response:
    """List your API tokens, by default newest first, those that ended in the last 90 days too."""
    return json_response(_tokens.dump_json(await service.list_tokens(session, actor, query)))


@router.get("/tokens/export.csv", response_class=StreamingResponse, responses=CSV | problems(401))
async def export_own_tokens(
    query: Annotated[OwnTokenQuery, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of your API tokens as CSV. A browser's session cookie is accepted."""
    return csv_file("tokens", listing.OWN_COLUMNS, await service.list_tokens(session, actor, query))


@router.post("/tokens", status_code=201, responses=problems(401, 403, 409))
@idempotent(service.get_token)
async def create_token(data: TokenCreate, actor: CurrentActor, session: Writing) -> TokenWithSecret:
    """Create an API token that acts as you, within its scopes. Needs a recent proof of identity."""
    return await service.create_token(session, actor, data)


@router.delete("/tokens/{token_id:int}", status_code=204, response_class=Response, responses=problems(401, 403, 404))
async def revoke_token(token_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Revoke your token at once; superusers may revoke any."""
    await service.revoke_token(session, actor, token_id)
    return Response(status_code=204)


@router.post("/tokens/{token_id:int}/rotate", status_code=201, responses=problems(401, 403, 404, 409))
@idempotent(service.get_token, "token_id")
async def rotate_token(token_id: UrlId, data: TokenRotate, actor: CurrentActor, session: Writing) -> TokenWithSecret:
    """Replace your token. The old one works until the overlap ends."""
    return await service.rotate_token(session, actor, token_id, data)


@router.get("/projects/{project_id:project}/tokens", response_model=list[TokenRead], responses=problems(401, 403, 404))
async def list_project_tokens(
    project_id: ProjectId, query: Annotated[OwnTokenQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List the tokens of a project, by default newest first, those of CI jobs last. Maintainers and owners only."""
    return json_response(_tokens.dump_json(await service.list_project_tokens(session, actor, project_id, query)))


@router.get(
    "/projects/{project_id:project}/tokens/export.csv",
    response_class=StreamingResponse,
    responses=CSV | problems(401, 403, 404),
)
async def export_project_tokens(
    project_id: ViewedProjectId, query: Annotated[OwnTokenQuery, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of the tokens of a project as CSV. A browser's session cookie is accepted."""
    rows = await service.list_project_tokens(session, actor, project_id, query)
    return csv_file("tokens", listing.OWN_COLUMNS, rows)


@router.post("/projects/{project_id:project}/tokens", status_code=201, responses=problems(401, 403, 404, 409))
@idempotent(service.list_project_tokens, "project_id")
async def create_project_token(
    project_id: ProjectId, data: ProjectTokenCreate, actor: CurrentActor, session: Writing
) -> TokenWithSecret:
    """Create a token of the project with a role in it. Maintainers and owners; only owners grant maintainer."""
    return await service.create_project_token(session, actor, project_id, data)


@router.delete(
    "/projects/{project_id:project}/tokens/{token_id:int}",
    status_code=204,
    response_class=Response,
    responses=problems(401, 403, 404),
)
async def revoke_project_token(
    project_id: ProjectId, token_id: UrlId, actor: CurrentActor, session: Writing
) -> Response:
    """Revoke a token of the project at once. Maintainers and owners only."""
    await service.revoke_project_token(session, actor, project_id, token_id)
    return Response(status_code=204)


@router.post(
    "/projects/{project_id:project}/tokens/{token_id:int}/rotate",
    status_code=201,
    responses=problems(401, 403, 404, 409),
)
@idempotent(service.list_project_tokens, "project_id")
async def rotate_project_token(
    project_id: ProjectId, token_id: UrlId, data: TokenRotate, actor: CurrentActor, session: Writing
) -> TokenWithSecret:
    """Replace a token of the project. The old one works until the overlap ends."""
    return await service.rotate_project_token(session, actor, project_id, token_id, data)


@router.get("/admin/tokens", response_model=list[OwnedTokenRead], responses=problems(401, 403))
async def list_all_tokens(
    request: Request, query: Annotated[TokenQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List the tokens of everybody and of all projects, newest first. Superusers only."""
    page = await listing.list_all_tokens(session, actor, query)
    return page_response(request, page, _owned, query.skip, query.limit)


@router.get("/admin/tokens/export.csv", response_class=StreamingResponse, responses=CSV | problems(401, 403))
async def export_tokens(
    query: Annotated[TokenFilter, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of all tokens as CSV, at most 50,000 rows. A browser's session cookie is accepted."""
    ids = await listing.find_token_ids(session, actor, query)
    return csv_response(
        "tokens", listing.COLUMNS, ids, lambda batch, some: listing.read_tokens(batch, actor, query, some)
    )
