"""REST endpoints of invitations: `/api/v1/invitations` for those who invite, `/api/auth/invitations` for the invited.

The token of a link is always in the body, so that no log of requests contains it.
"""

from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.core.errors import NotSignedIn
from tca_app.core.schema import UrlId
from tca_app.core.security.tokens import cookie_in, cookie_name
from tca_app.features.auth import service as auth
from tca_app.features.invitations import acceptance, listing, service
from tca_app.features.invitations.schemas import (
    InvitationAcceptance,
    InvitationCreate,
    InvitationDetails,
    InvitationFilter,
    InvitationQuery,
    InvitationRead,
    InvitationsSent,
    InvitationToken,
)
from tca_app.rest.csv_files import CSV, csv_response
from tca_app.rest.dependencies import (
    CurrentActor,
    CurrentViewer,
    Reading,
    Writing,
    require_changed_password,
    require_due_factor,
)
from tca_app.rest.idempotency import idempotent
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response, page_response
from tca_app.rest.routing import console_router
from tca_app.rest.sign_in import LimitedClient, set_cookies

router = console_router("/api/v1/invitations", "invitations", "session")
accept_router = console_router("/api/auth/invitations", "auth", "session")
_invitations = TypeAdapter(list[InvitationRead])


@router.get("", response_model=list[InvitationRead], responses=problems(401, 403, 404))
async def list_invitations(
    request: Request, query: Annotated[InvitationQuery, Query()], actor: CurrentActor, session: Reading
) -> Response:
    """List invitations, by default newest first. Maintainers list those of their project, administrators all."""
    page = await service.list_invitations(session, actor, query)
    return page_response(request, page, _invitations, query.skip, query.limit)


@router.get("/export.csv", response_class=StreamingResponse, responses=CSV | problems(401, 403, 404))
async def export_invitations(
    query: Annotated[InvitationFilter, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of invitations as CSV, at most 50,000 rows. A browser's session cookie is accepted."""
    ids = await listing.find_invitation_ids(session, actor, query)
    return csv_response(
        "invitations", listing.COLUMNS, ids, lambda batch, some: listing.read_listed(batch, actor, query, some)
    )


@router.post("", status_code=201, responses=problems(401, 403, 404, 409))
@idempotent(service.get_sent, "invitations")
async def invite(data: InvitationCreate, actor: CurrentActor, session: Writing) -> InvitationsSent:
    """Invite up to 100 addresses. The links in the mails work once, for 24 hours; inviting again replaces them."""
    return await service.invite(session, actor, data)


@router.post("/{invitation_id:int}/resend", status_code=202, responses=problems(401, 403, 404, 409))
@idempotent(service.get_invitation, "invitation_id")
async def resend_invitation(invitation_id: UrlId, actor: CurrentActor, session: Writing) -> InvitationsSent:
    """Send a new link, also for an expired invitation. The earlier link stops working."""
    return await service.resend_invitation(session, actor, invitation_id)


@router.delete("/{invitation_id:int}", status_code=204, response_class=Response, responses=problems(401, 403, 404, 409))
async def revoke_invitation(invitation_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Revoke an invitation that was not accepted. Its link stops working."""
    await service.revoke_invitation(session, actor, invitation_id)
    return Response(status_code=204)


@accept_router.post("/lookup", response_model=InvitationDetails, responses=problems(410))
async def look_up_invitation(data: InvitationToken, _client: LimitedClient, session: Reading) -> Response:
    """Read what a link invites to. 410 when it was used, revoked or replaced, or is older than 24 hours."""
    return item_response(await acceptance.look_up(session, data.token))


@accept_router.post("/accept", status_code=204, response_class=Response, responses=problems(403, 409, 410))
async def accept_invitation(data: InvitationAcceptance, client: LimitedClient, session: Writing) -> Response:
    """Create the account of the invited address, and sign the browser in. 409 `account_exists` when there is one."""
    return set_cookies(Response(status_code=204), await acceptance.accept(session, data, client))


@accept_router.post("/join", response_model=InvitationDetails, responses=problems(401, 403, 410))
async def join_by_invitation(
    data: InvitationToken, request: Request, client: LimitedClient, session: Writing
) -> Response:
    """Join the project with the account of the invited address, in which this browser is signed in."""
    caller = await auth.resolve_browser(session, cookie_in(request.headers.get("cookie", ""), cookie_name()), client)
    if caller is None:
        raise NotSignedIn
    require_changed_password(request, caller.actor)
    require_due_factor(request, caller.actor)
    return item_response(await acceptance.join(session, caller.actor, data.token))
