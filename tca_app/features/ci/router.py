"""REST endpoints of trusted issuers, and `POST /api/auth/token-exchange` for CI jobs."""

from typing import Annotated

from fastapi import Depends, Form, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.core.database.session import reading, transaction
from tca_app.core.schema import UrlId
from tca_app.core.security.rate_limits import get_limits
from tca_app.features.auth.service import Client
from tca_app.features.ci import exchange, service
from tca_app.features.ci.schemas import ExchangedToken, TokenExchange, TrustCreate, TrustQuery, TrustRead, TrustUpdate
from tca_app.rest.csv_files import CSV, csv_file
from tca_app.rest.dependencies import (
    CurrentActor,
    CurrentViewer,
    FromClient,
    IfMatch,
    ProjectId,
    Reading,
    ViewedProjectId,
    Writing,
)
from tca_app.rest.idempotency import idempotent
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response, json_response
from tca_app.rest.routing import console_router

router = console_router("/api/v1/projects", "ci", "session")
exchange_router = console_router("/api/auth", "auth", "session")
_trusts = TypeAdapter(list[TrustRead])
COLUMNS = tuple(name for name in TrustRead.model_fields if name != "version")


async def _limited(client: FromClient) -> Client:
    """Applies the rate limit of the exchange, per address."""
    await get_limits().refuse_excess("token_exchange", client.ip)
    return client


@exchange_router.post("/token-exchange", response_model=ExchangedToken, responses=problems(400))
async def exchange_token(
    data: Annotated[TokenExchange, Form()], client: Annotated[Client, Depends(_limited)]
) -> Response:
    """Exchange the ID token of a CI job for an API token of 15 minutes (RFC 8693).

    Works once for each ID token. 400 has `error` and `error_description` (RFC 6749) beside the members of a problem,
    the same ones for an unknown project and for a token that it does not trust.
    """
    exchange.check_request(data)
    async with reading() as session:
        issuer = await exchange.find_issuer(session, data.subject_token)
    verified = await exchange.verify(issuer, data.subject_token)
    async with transaction() as session:
        made = await exchange.exchange(session, data, verified, client)
    return json_response(made.model_dump_json().encode())


@router.get("/{project_id:project}/ci-trusts", response_model=list[TrustRead], responses=problems(401, 403, 404))
async def list_ci_trusts(
    project_id: ProjectId, query: Annotated[TrustQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List the issuers of ID tokens that the project trusts. Maintainers and owners only."""
    return json_response(_trusts.dump_json(await service.list_trusts(session, actor, project_id, query)))


@router.get(
    "/{project_id:project}/ci-trusts/export.csv",
    response_class=StreamingResponse,
    responses=CSV | problems(401, 403, 404),
)
async def export_ci_trusts(
    project_id: ViewedProjectId, query: Annotated[TrustQuery, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of trusted issuers as CSV. A browser's session cookie is accepted."""
    return csv_file("ci-trusts", COLUMNS, await service.list_trusts(session, actor, project_id, query))


@router.post("/{project_id:project}/ci-trusts", status_code=201, responses=problems(401, 403, 404, 409))
@idempotent(service.list_trusts, "project_id")
async def create_ci_trust(project_id: ProjectId, data: TrustCreate, actor: CurrentActor, session: Writing) -> TrustRead:
    """Trust an issuer for certain claims. Maintainers and owners; needs a recent proof of identity."""
    return await service.create_trust(session, actor, project_id, data)


@router.patch(
    "/{project_id:project}/ci-trusts/{trust_id:int}",
    response_model=TrustRead,
    responses=problems(401, 403, 404, 409, 412),
)
async def update_ci_trust(
    project_id: ProjectId,
    trust_id: UrlId,
    data: TrustUpdate,
    actor: CurrentActor,
    session: Writing,
    if_version: IfMatch,
) -> Response:
    """Update the given fields. Needs a recent proof of identity."""
    return item_response(await service.update_trust(session, actor, project_id, trust_id, data, if_version))


@router.delete(
    "/{project_id:project}/ci-trusts/{trust_id:int}",
    status_code=204,
    response_class=Response,
    responses=problems(401, 403, 404),
)
async def delete_ci_trust(project_id: ProjectId, trust_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Remove a trusted issuer. The tokens of its jobs stop working at once."""
    await service.delete_trust(session, actor, project_id, trust_id)
    return Response(status_code=204)
