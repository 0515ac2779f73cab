"""REST endpoints under `/api/auth`: sign-in of browsers (cookie) and scripts (tokens), and sessions."""

from typing import Annotated

from fastapi import Form, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import NotSignedIn
from tca_app.core.schema import UrlId
from tca_app.core.security.tokens import MAX_PASSWORD, cookie_in, cookie_name
from tca_app.features.auth import password_reset, service, setup, step_up
from tca_app.features.auth.schemas import (
    EmailConfirmation,
    ForgottenPassword,
    LoginAnswer,
    LoginRequest,
    PasswordChange,
    PasswordReset,
    Reauthentication,
    RefreshRequest,
    SessionQuery,
    SessionRead,
    SessionRequest,
    SetupRequest,
    SignedInUser,
    TokenPair,
)
from tca_app.features.auth.second_factor import SecondFactorRequired
from tca_app.features.auth.service import Client, Kind, SignIn
from tca_app.features.users import service as users
from tca_app.features.users.schemas import UserUpdate
from tca_app.rest.csv_files import CSV, csv_file
from tca_app.rest.dependencies import CurrentActor, CurrentPerson, CurrentViewer, FromClient, Reading, Writing
from tca_app.rest.problems import problems
from tca_app.rest.responses import json_response
from tca_app.rest.routing import console_router, token_scope
from tca_app.rest.sign_in import LimitedClient, browser_challenge, browser_response, script_response

router = console_router("/api/auth", "auth", "session")
_sessions = TypeAdapter(list[SessionRead])
_COLUMNS = ("id", "kind", "user_agent", "ip", "created_at", "last_used_at", "expires_at", "is_current")


async def _sign_in(login: str, password: str, client: Client, kind: Kind) -> SignIn:
    """Signs in without a database connection held while the hash is computed."""
    async with reading() as session:
        account = await service.find_account(session, login, client)
    checked = await service.check_password(account, password)
    async with transaction() as session:
        return await service.sign_in(session, account, checked, client, kind)


@router.post("/login", response_model=LoginAnswer, responses=problems(401))
async def login(data: LoginRequest, client: LimitedClient) -> Response:
    """Sign in a script by username or email. Unknown, wrong, inactive and throttled accounts get the same response.

    401 `second_factor_required` has the challenge for `login/second-factor`.
    """
    return script_response(await _sign_in(data.login, data.password, client, "api"))


@router.post("/token", response_model=LoginAnswer, responses=problems(401))
async def token(
    username: Annotated[str, Form(min_length=1, max_length=254, pattern=r"^[^\x00-\x1f\x7f]+$")],
    password: Annotated[str, Form(min_length=1, max_length=MAX_PASSWORD)],
    client: LimitedClient,
) -> Response:
    """Sign in with an OAuth2 password form, so that "Authorize" in `/docs` works."""
    return script_response(await _sign_in(username, password, client, "api"))


@router.post("/session", status_code=204, response_class=Response, responses=problems(401, 403))
async def open_browser_session(data: SessionRequest, client: LimitedClient) -> Response:
    """Sign in a browser: sets an HttpOnly cookie and returns no token.

    401 `second_factor_required` when the password is right and not enough; `session/second-factor` is the next call.
    """
    try:
        return browser_response(await _sign_in(data.username, data.password, client, "browser"))
    except SecondFactorRequired as refused:
        return browser_challenge(refused)


@router.delete("/session", status_code=204, response_class=Response, responses=problems(403))
async def close_browser_session(request: Request, client: FromClient, session: Writing) -> Response:
    """Sign out a browser. Returns 204 even when it was not signed in."""
    cookie = cookie_in(request.headers.get("cookie", ""), cookie_name())
    caller = await service.resolve_browser(session, cookie, client)
    if caller:
        await service.sign_out(session, caller.actor)
    response = Response(status_code=204, headers={"Clear-Site-Data": '"storage"'})
    response.delete_cookie(cookie_name(), httponly=True, samesite="lax", secure=get_settings().secure_cookies)
    return response


@router.post("/setup", status_code=204, response_class=Response, responses=problems(403, 404, 409))
async def set_up(data: SetupRequest, client: LimitedClient, session: Writing) -> Response:
    """Create the first administrator with the one-time token that the first start prints. 404 once there is one."""
    return browser_response(await setup.set_up(session, data, client))


@router.post("/password/forgot", status_code=202, response_class=Response)
async def forgot_password(data: ForgottenPassword, _client: LimitedClient, session: Writing) -> Response:
    """Send a link that sets a new password, if someone has this address. The response never tells."""
    await password_reset.request_reset(session, data.email)
    return Response(status_code=202)


@router.post("/password/reset", status_code=204, response_class=Response, responses=problems(410))
async def reset_password(data: PasswordReset, client: LimitedClient, session: Writing) -> Response:
    """Set the password with the token of the link. 410 when it was used or is older than an hour. Ends all sessions."""
    await password_reset.reset_password(session, data, client)
    return Response(status_code=204)


@router.post("/password/change", status_code=204, response_class=Response, responses=problems(401, 403))
async def change_password(data: PasswordChange, request: Request, client: LimitedClient, session: Writing) -> Response:
    """Change the password of the person whom this browser signed in. Scripts: `PATCH /api/v1/users/{id}`."""
    cookie = cookie_in(request.headers.get("cookie", ""), cookie_name())
    caller = await service.resolve_browser(session, cookie, client)
    if caller is None:
        raise NotSignedIn
    change = UserUpdate(password=data.password, current_password=data.current_password)
    await users.update_user(session, caller.actor, caller.actor.user_id, change)
    return Response(status_code=204)


@router.post("/email/confirm", status_code=204, response_class=Response, responses=problems(403, 409, 410))
async def confirm_email(data: EmailConfirmation, request: Request, client: LimitedClient, session: Writing) -> Response:
    """Confirm a new email address with the token of the link. Ends your sessions except this browser's."""
    caller = await service.resolve_browser(session, cookie_in(request.headers.get("cookie", ""), cookie_name()), client)
    await users.confirm_email(session, data.token, caller.actor if caller else None)
    return Response(status_code=204)


@router.post("/refresh", response_model=TokenPair, responses=problems(401))
async def refresh(data: RefreshRequest, _client: LimitedClient, session: Writing) -> Response:
    """Get a new pair of tokens. The old refresh token stops working; using it again ends the whole session."""
    return json_response((await service.refresh(session, data.refresh_token)).model_dump_json().encode())


@router.post("/reauthenticate", status_code=204, response_class=Response, responses=problems(401))
async def reauthenticate(data: Reauthentication, actor: CurrentActor, session: Writing) -> Response:
    """Confirm your password. Ten minutes later sensitive changes answer 403 `reauth_required` again."""
    await step_up.reauthenticate(session, actor, data.password)
    return Response(status_code=204)


@router.post("/logout", status_code=204, response_class=Response, responses=problems(401))
async def logout(actor: CurrentActor, session: Writing) -> Response:
    await service.sign_out(session, actor)
    return Response(status_code=204)


@router.post("/logout-all", status_code=204, response_class=Response, responses=problems(401))
async def logout_all(actor: CurrentActor, session: Writing) -> Response:
    """End all sessions of the caller, browsers included."""
    await service.sign_out_everywhere(session, actor)
    return Response(status_code=204)


@router.get("/verify", openapi_extra=token_scope("read"), response_model=SignedInUser, responses=problems(401))
async def verify(person: CurrentPerson) -> Response:
    return json_response(person.model_dump_json().encode())


@router.get("/sessions", response_model=list[SessionRead], responses=problems(401, 404))
async def list_sessions(query: Annotated[SessionQuery, Query()], actor: CurrentActor, session: Reading) -> Response:
    """List your open sessions, by default the one that was used last first. Administrators also those of others."""
    return json_response(_sessions.dump_json(await service.list_sessions(session, actor, query)))


@router.get("/sessions/export.csv", response_class=StreamingResponse, responses=CSV | problems(401, 404))
async def export_sessions(
    query: Annotated[SessionQuery, Query()], actor: CurrentViewer, session: Reading
) -> StreamingResponse:
    """Download the list of sessions as CSV. A browser's session cookie is accepted."""
    return csv_file("sessions", _COLUMNS, await service.list_sessions(session, actor, query))


@router.delete("/sessions", status_code=204, response_class=Response, responses=problems(401))
async def end_other_sessions(actor: CurrentActor, session: Writing) -> Response:
    """End all sessions of the caller except this one."""
    await service.end_other_sessions(session, actor, actor.user_id)
    return Response(status_code=204)


@router.delete("/sessions/{session_id:int}", status_code=204, response_class=Response, responses=problems(401, 404))
async def revoke_session(session_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    await service.revoke_session(session, actor, session_id)
    return Response(status_code=204)
