"""REST endpoints of sign-in at providers: the two that a browser passes through, invitations, and your identities.

The first two answer with a redirect in every case, because a person looks at the result, not a script.
"""

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import TypeAdapter

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError, NotFound, TooManyRequests
from tca_app.core.schema import UrlId
from tca_app.core.security.rate_limits import get_limits
from tca_app.core.security.tokens import cookie_in, cookie_name
from tca_app.core.telemetry.metrics import note_refused_sign_in
from tca_app.core.urls import is_local_path
from tca_app.features.auth.oauth import identities, pending
from tca_app.features.auth.oauth.identity import Intent, SignInRefused, may_open_later
from tca_app.features.auth.oauth.schemas import IdentityRead, ProviderKey, ProviderPage
from tca_app.features.auth.second_factor import SecondFactorRequired
from tca_app.features.auth.service import Client, resolve_browser
from tca_app.features.invitations.schemas import InvitationToken
from tca_app.features.single_sign_on import service
from tca_app.rest.dependencies import CurrentActor, FromClient, Reading, Writing
from tca_app.rest.problems import problems
from tca_app.rest.responses import json_response
from tca_app.rest.routing import console_router
from tca_app.rest.sign_in import LimitedClient, set_challenge, set_cookies

# Not a ConsoleRoute: RFC 6749, 4.1.2 asks a client to ignore parameters of a provider that it does not know.
browser_router = APIRouter(prefix="/api/auth/oauth", tags=["auth"])
router = console_router("/api/auth", "auth", "session")
COOKIE = "oauth"
# Pages; `ui.routes` is for screens.
ACCEPT_INVITATION = "/accept-invitation"
LOGIN, SECOND_FACTOR, SETTINGS, DASHBOARD = "/login", "/login/second-factor", "/settings", "/dashboard"
_identities = TypeAdapter(list[IdentityRead])
_REDIRECT: dict[int | str, dict[str, Any]] = {303: {"description": "Leads on, or to a page that says why not."}}

Provider = Annotated[ProviderKey, Path(description="`github`, or `oidc`: the OpenID Connect provider.")]
# Without limits of their own: the edge bounds a URL, and each is compared with a hash or checked as a path.
NextPage = Annotated[str, Query(alias="next", description="The page to open afterwards.")]
Text = Annotated[str, Query()]


@browser_router.get("/{provider}/start", status_code=303, response_class=Response, responses=_REDIRECT | problems(404))
async def start_sign_in(
    provider: Provider, request: Request, client: FromClient, next_page: NextPage = "", intent: Intent = "sign_in"
) -> Response:
    """Send the browser to a provider. 404 for one that is not configured. For browsers; scripts use `/login`."""
    try:
        await _refuse_excess(client)
        if intent != "sign_in":
            _require_own_page(request)
        page = next_page if may_open_later(next_page) else ""
        begun = await service.start(provider, intent, page, await _actor(request, client))
    except SignInRefused as refusal:
        return _back(refusal.reason, intent, next_page)
    response = RedirectResponse(begun.location, status_code=303)
    _set_cookie(response, begun.browser, int(pending.LIFE.total_seconds()))
    return response


@browser_router.get(
    "/{provider}/callback", status_code=303, response_class=Response, responses=_REDIRECT | problems(404)
)
async def finish_sign_in(
    provider: Provider,
    request: Request,
    client: FromClient,
    state: Text = "",
    code: Text = "",
    iss: Text = "",
) -> Response:
    """Where a provider sends the browser back to. Works once, within 10 minutes, in the browser that began."""
    intent: Intent = "sign_in"
    next_page = invitation = ""
    try:
        await _refuse_excess(client)
        async with transaction() as session:
            browser = cookie_in(request.headers.get("cookie", ""), cookie_name(COOKIE))
            begun = await pending.take(session, provider, state, browser)
        intent, next_page, invitation = begun.flow.intent, begun.next_path, begun.flow.invitation
        person = await service.person_of(begun.flow, code, iss)
        actor = await _actor(request, client)
        async with transaction() as session:
            if intent == "sign_in":
                done = await service.sign_in(session, begun, person, client)
                page = _accept_page(invitation) if invitation and not done.is_new else next_page
                response = RedirectResponse(_page(page, DASHBOARD), status_code=303)
                set_cookies(response, done.session)
            else:
                response = RedirectResponse(_page(next_page, SETTINGS), status_code=303)
                await service.finish_own(session, begun, person, actor)
    except SecondFactorRequired as required:
        response = _lead(SECOND_FACTOR, {}, _accept_page(invitation) if invitation else next_page)
        set_challenge(response, required.challenge)
    except SignInRefused as refusal:
        response = _back(refusal.reason, intent, next_page, invitation)
    except NotFound:
        raise
    except AppError:
        response = _back("failed", intent, next_page, invitation)
    _set_cookie(response, "", 0)
    return response


def _page(path: str, otherwise: str) -> str:
    return path if is_local_path(path) else otherwise


def _accept_page(invitation: str) -> str:
    """Returns the page of an invitation, as its link has it: who has an account accepts it there."""
    return f"{ACCEPT_INVITATION}?{urlencode({'token': invitation})}"


def _back(reason: str, intent: Intent, next_page: str, invitation: str = "") -> RedirectResponse:
    """Leads to the page that it began on, which says why not. The URL has the key of the reason, no words."""
    if invitation or intent == "sign_in":
        note_refused_sign_in("provider")
    if invitation:
        return _lead(ACCEPT_INVITATION, {"token": invitation, "reason": reason}, "")
    if intent == "sign_in":
        return _lead(LOGIN, {"reason": reason}, next_page)
    return _lead(SETTINGS, {"reason": reason}, "")


def _lead(page: str, query: dict[str, str], next_page: str) -> RedirectResponse:
    """Leads to a page that leads on to `next_page`."""
    query = query | ({"next": next_page} if _page(next_page, "") else {})
    return RedirectResponse(f"{page}?{urlencode(query, quote_via=quote)}".removesuffix("?"), status_code=303)


async def _refuse_excess(client: Client) -> None:
    """Applies the rate limit of sign-in."""
    try:
        await get_limits().refuse_excess("login", client.ip)
    except TooManyRequests:
        raise SignInRefused("too_many") from None


def _require_own_page(request: Request) -> None:
    """Refuses a link on another site that would link an identity to your account, or renew your proof (CSRF)."""
    site = request.headers.get("sec-fetch-site", "")
    if not site:  # browsers send it to https and loopback only; the referrer policy keeps the referrer on this site
        origin = "/".join(request.headers.get("referer", "").split("/", 3)[:3])
        allowed = origin in get_settings().allowed_origins
    else:
        allowed = site in ("same-origin", "none") or (site == "same-site" and not get_settings().is_production)
    if not allowed:
        raise SignInRefused("failed")


async def _actor(request: Request, client: Client) -> Actor | None:
    cookie = cookie_in(request.headers.get("cookie", ""), cookie_name())
    async with reading() as session:
        caller = await resolve_browser(session, cookie, client)
    return caller.actor if caller else None


def _set_cookie(response: Response, value: str, life_s: int) -> None:
    secure = get_settings().secure_cookies
    name = cookie_name(COOKIE)
    response.set_cookie(name, value, max_age=life_s, httponly=True, samesite="lax", secure=secure)


@router.post("/oauth/{provider}/invitation", response_model=ProviderPage, responses=problems(403, 404, 410))
async def start_with_invitation(provider: Provider, data: InvitationToken, _client: LimitedClient) -> Response:
    """Begin to accept an invitation by signing in at a provider; the browser goes on at `url`. 410 when it ended."""
    begun = await service.start_with_invitation(provider, data.token)
    response = json_response(ProviderPage(url=begun.location).model_dump_json().encode())
    _set_cookie(response, begun.browser, int(pending.LIFE.total_seconds()))
    return response


@router.get("/identities", response_model=list[IdentityRead], responses=problems(401))
async def list_identities(actor: CurrentActor, session: Reading) -> Response:
    """List the identities with which you can sign in at a provider."""
    return json_response(_identities.dump_json(await identities.list_identities(session, actor)))


@router.delete(
    "/identities/{identity_id:int}",
    status_code=204,
    response_class=Response,
    responses=problems(401, 403, 404, 409),
)
async def unlink_identity(identity_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Unlink an identity. Needs a recent proof of identity; 409 for your only way to sign in."""
    await identities.unlink(session, actor, identity_id)
    return Response(status_code=204)
