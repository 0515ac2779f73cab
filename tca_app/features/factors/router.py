"""REST endpoints of second factors, under `/api/auth`: one's own, and the second step of a sign-in."""

from fastapi import Request, Response

from tca_app.core.schema import UrlId
from tca_app.features.auth.schemas import LoginAnswer
from tca_app.features.factors import passkey_service, service, sign_in
from tca_app.features.factors.schemas import (
    FactorConfirmed,
    FactorName,
    FactorRead,
    FactorsRead,
    GivenCode,
    GivenPasskey,
    PasskeyCreate,
    PasskeyOptions,
    RecoveryCodes,
    ScriptCode,
    TotpSetup,
)
from tca_app.rest.dependencies import CurrentActor, Reading, Writing
from tca_app.rest.problems import problems
from tca_app.rest.responses import item_response, json_response
from tca_app.rest.routing import console_router
from tca_app.rest.sign_in import (
    LimitedClient,
    browser_response,
    challenge_of,
    drop_challenge,
    script_response,
    set_challenge,
)

router = console_router("/api/auth", "two-factor", "session")
user_router = console_router("/api/v1/users", "two-factor", "session")
PASSKEY_COOKIE = "passkey"


@router.get("/factors", response_model=FactorsRead, responses=problems(401))
async def list_factors(actor: CurrentActor, session: Reading) -> Response:
    """List your authenticator apps and passkeys."""
    return item_response(await service.list_factors(session, actor))


@router.post("/factors/totp", status_code=201, response_model=TotpSetup, responses=problems(401, 403, 409))
async def add_totp(data: FactorName, actor: CurrentActor, session: Writing) -> Response:
    """Start to add an authenticator app. It counts once it is confirmed with a code."""
    setup = await service.add_totp(session, actor, data)
    return json_response(setup.model_dump_json().encode(), 201)


@router.post("/factors/totp/{factor_id:int}/confirm", response_model=FactorConfirmed, responses=problems(401, 403, 404))
async def confirm_totp(factor_id: UrlId, data: GivenCode, actor: CurrentActor, session: Writing) -> Response:
    """Confirm an authenticator app with a code of it. The first factor comes with recovery codes."""
    return item_response(await service.confirm_totp(session, actor, factor_id, data))


@router.post("/factors/passkeys/options", response_model=PasskeyOptions, responses=problems(401, 403))
async def begin_passkey(actor: CurrentActor, session: Writing) -> Response:
    """Get the options for `navigator.credentials.create`. They are for one passkey, made within five minutes."""
    return item_response(await passkey_service.begin_registration(session, actor))


@router.post("/factors/passkeys", status_code=201, response_model=FactorConfirmed, responses=problems(401, 403, 409))
async def add_passkey(data: PasskeyCreate, actor: CurrentActor, session: Writing) -> Response:
    """Add the passkey that the browser made. The first factor comes with recovery codes."""
    added = await passkey_service.add_passkey(session, actor, data)
    return json_response(added.model_dump_json().encode(), 201)


@router.patch("/factors/{factor_id:int}", response_model=FactorRead, responses=problems(401, 403, 404))
async def rename_factor(factor_id: UrlId, data: FactorName, actor: CurrentActor, session: Writing) -> Response:
    return item_response(await service.rename_factor(session, actor, factor_id, data))


@router.delete("/factors/{factor_id:int}", status_code=204, response_class=Response, responses=problems(401, 403, 404))
async def remove_factor(factor_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Remove a factor. After the last one your password alone signs you in."""
    await service.remove_factor(session, actor, factor_id)
    return Response(status_code=204)


@router.post("/recovery-codes", status_code=201, response_model=RecoveryCodes, responses=problems(401, 403, 409))
async def renew_recovery_codes(actor: CurrentActor, session: Writing) -> Response:
    """Generate ten recovery codes. The earlier ones stop working."""
    codes = await service.renew_recovery_codes(session, actor)
    return json_response(codes.model_dump_json().encode(), 201)


@router.post("/reauthenticate/code", status_code=204, response_class=Response, responses=problems(401))
async def reauthenticate_with_code(data: GivenCode, actor: CurrentActor, session: Writing) -> Response:
    """Confirm who you are with a code in place of your password."""
    await sign_in.confirm_with_code(session, actor, data)
    return Response(status_code=204)


@router.post("/reauthenticate/passkey/options", response_model=PasskeyOptions, responses=problems(401))
async def begin_reauthentication(actor: CurrentActor, session: Writing) -> Response:
    """Get the options for `navigator.credentials.get`, to confirm who you are with a passkey."""
    return item_response(await passkey_service.begin_proof(session, actor))


@router.post("/reauthenticate/passkey", status_code=204, response_class=Response, responses=problems(401))
async def reauthenticate_with_passkey(data: GivenPasskey, actor: CurrentActor, session: Writing) -> Response:
    """Confirm who you are with a passkey in place of your password."""
    await passkey_service.confirm_with_passkey(session, actor, data)
    return Response(status_code=204)


@router.post("/login/second-factor", response_model=LoginAnswer, responses=problems(401))
async def finish_login(data: ScriptCode, client: LimitedClient, session: Writing) -> Response:
    """Finish a sign-in that was refused with `second_factor_required`, with its challenge and a code."""
    code = GivenCode(code=data.code)
    return script_response(await sign_in.finish_with_code(session, data.challenge, code, client, "api"))


@router.post("/session/second-factor", status_code=204, response_class=Response, responses=problems(401, 403))
async def finish_session(data: GivenCode, request: Request, client: LimitedClient, session: Writing) -> Response:
    """The same for a browser, which has the challenge as a cookie."""
    done = await sign_in.finish_with_code(session, challenge_of(request), data, client, "browser")
    return drop_challenge(browser_response(done))


@router.post("/session/second-factor/passkey", status_code=204, response_class=Response, responses=problems(401, 403))
async def finish_session_with_passkey(
    data: GivenPasskey, request: Request, client: LimitedClient, session: Writing
) -> Response:
    """The same with a passkey."""
    challenge = challenge_of(request)
    done = await passkey_service.finish_with_passkey(session, challenge, data, client, "browser")
    return drop_challenge(browser_response(done))


@router.post("/session/passkey/options", response_model=PasskeyOptions, responses=problems(403))
async def begin_passkey_session(_client: LimitedClient, session: Writing) -> Response:
    """Get the options to sign in with a passkey alone. The challenge is bound to this browser by a cookie."""
    options, challenge = await passkey_service.begin_sign_in(session)
    return set_challenge(item_response(options), challenge, PASSKEY_COOKIE)


@router.post("/session/passkey", status_code=204, response_class=Response, responses=problems(401, 403))
async def open_passkey_session(
    data: GivenPasskey, request: Request, client: LimitedClient, session: Writing
) -> Response:
    """Sign in a browser with a passkey alone."""
    challenge = challenge_of(request, PASSKEY_COOKIE)
    done = await passkey_service.sign_in_with_passkey(session, challenge, data, client)
    return drop_challenge(browser_response(done), PASSKEY_COOKIE)


@user_router.get("/{user_id:int}/factors", response_model=FactorsRead, responses=problems(401, 404))
async def list_user_factors(user_id: UrlId, actor: CurrentActor, session: Reading) -> Response:
    """List the second factors of a user: your own, or of anybody as a superuser."""
    return item_response(await service.list_user_factors(session, actor, user_id))


@user_router.delete(
    "/{user_id:int}/factors", status_code=204, response_class=Response, responses=problems(401, 403, 404)
)
async def reset_factors(user_id: UrlId, actor: CurrentActor, session: Writing) -> Response:
    """Remove all second factors and recovery codes of a user who lost them. Superusers only."""
    await service.reset_factors(session, actor, user_id)
    return Response(status_code=204)
