"""Service functions for passkeys: added, used as a second factor, as a proof, or as the only sign-in."""

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.errors import BadCredentials, Conflict, Invalid
from tca_app.core.events.log import emit
from tca_app.core.language.messages import N_, _
from tca_app.core.telemetry.metrics import note_refused_sign_in
from tca_app.features.auth import one_time_tokens
from tca_app.features.auth.policy import require_own
from tca_app.features.auth.second_factor import PURPOSE
from tca_app.features.auth.service import Client, Kind, SignIn, open_session
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.factors import events, passkeys, service, sign_in
from tca_app.features.factors.schemas import (
    FactorConfirmed,
    GivenPasskey,
    PasskeyCreate,
    PasskeyOptions,
    UsedCredential,
)
from tca_app.models import Factor

NOT_GENUINE = N_("This passkey cannot be used. Try again, or use another device.")


class PasskeyUnknown(BadCredentials):
    """The same for a passkey that is unknown, of an inactive user, or not genuine, and for an expired challenge."""

    code = "passkey_refused"
    default = N_("This passkey is not known here, or the sign-in took too long. Try again, or use your password.")


async def begin_registration(session: AsyncSession, actor: Actor) -> PasskeyOptions:
    """Returns what the browser needs to make a passkey for the actor."""
    await require_recent_proof(session, actor, is_credential=True)
    life = passkeys.CHALLENGE_TTL
    challenge = await one_time_tokens.issue(session, passkeys.REGISTRATION, life, user_id=actor.user_id)
    return PasskeyOptions(publicKey=await passkeys.registration_options(session, actor, challenge))


async def add_passkey(session: AsyncSession, actor: Actor, data: PasskeyCreate) -> FactorConfirmed:
    """Adds the passkey that the browser made. Raises Invalid unless it answers a challenge of this actor."""
    await require_recent_proof(session, actor, is_credential=True)
    await service.lock_factors(session, actor.user_id)
    await service.refuse_too_many(session, actor.user_id)
    challenge = passkeys.challenge_in(data.credential)
    redeemed = await one_time_tokens.redeem(session, passkeys.REGISTRATION, challenge)
    made = passkeys.verify_new(data.credential, challenge) if redeemed else None
    if made is None or redeemed is None or redeemed.user_id != actor.user_id:
        raise Invalid.at("credential", _(NOT_GENUINE))
    values = {
        "user_id": actor.user_id,
        "kind": "passkey",
        "name": data.name,
        "credential_id": made.credential_id,
        "public_key": made.credential_public_key,
        "sign_count": made.sign_count,
        "user_handle": await passkeys.handle_of(session, actor.user_id),
        "confirmed_at": func.now(),
    }
    added = insert(Factor).values(values).on_conflict_do_nothing().returning(*service.COLUMNS)
    row = (await session.execute(added)).first()
    if row is None:
        raise Conflict(_("This passkey was added before."))
    return await service.note_added(session, actor, row)


async def second_factor_options(session: AsyncSession, challenge: str) -> PasskeyOptions | None:
    """Returns what the browser needs to go on with a sign-in that has begun, or None when it has expired."""
    pending = await one_time_tokens.find(session, PURPOSE, challenge) if challenge else None
    if pending is None or pending.user_id is None:
        return None
    derived = passkeys.second_factor_challenge(challenge)
    return PasskeyOptions(publicKey=await passkeys.assertion_options(session, derived, pending.user_id))


async def finish_with_passkey(
    session: AsyncSession, challenge: str, data: GivenPasskey, client: Client, kind: Kind
) -> SignIn:
    """Like sign_in.finish_with_code, with a passkey of the account."""

    async def check(session: AsyncSession, user_id: int) -> str | None:
        expected = passkeys.second_factor_challenge(challenge, passkeys.challenge_in(data.credential))
        return await _use(session, data.credential, expected, user_id)

    return await sign_in.finish(session, challenge, check, client, kind)


async def begin_proof(session: AsyncSession, actor: Actor) -> PasskeyOptions:
    """Returns what the browser needs to confirm who the actor is before a sensitive change."""
    require_own(actor, "proof.give")
    challenge = await one_time_tokens.issue(session, passkeys.PROOF, passkeys.CHALLENGE_TTL, user_id=actor.user_id)
    return PasskeyOptions(publicKey=await passkeys.assertion_options(session, challenge, actor.user_id))


async def confirm_with_passkey(session: AsyncSession, actor: Actor, data: GivenPasskey) -> None:
    """Like step_up.reauthenticate, with a passkey in place of the password."""

    async def check(session: AsyncSession, user_id: int) -> str | None:
        challenge = passkeys.challenge_in(data.credential)
        redeemed = await one_time_tokens.redeem(session, passkeys.PROOF, challenge)
        if redeemed is None or redeemed.user_id != user_id:
            return None
        return await _use(session, data.credential, challenge, user_id)

    await sign_in.confirm(session, actor, check, "credential")


async def begin_sign_in(session: AsyncSession) -> tuple[PasskeyOptions, str]:
    """Returns what the browser needs to sign in with any passkey for this console, and the challenge for a cookie."""
    challenge = await one_time_tokens.issue_another(session, passkeys.SIGN_IN, passkeys.CHALLENGE_TTL)
    return PasskeyOptions(publicKey=await passkeys.assertion_options(session, challenge, None)), challenge


async def sign_in_with_passkey(session: AsyncSession, challenge: str, data: GivenPasskey, client: Client) -> SignIn:
    """Opens a session for the owner of a passkey. It asks for no password: a passkey is two factors by itself."""
    if not challenge or await one_time_tokens.redeem(session, passkeys.SIGN_IN, challenge) is None:
        raise _refused()
    owner = await _use(session, data.credential, challenge)
    if owner is None:
        raise _refused()
    try:
        return await open_session(session, int(owner), client, "browser")
    except BadCredentials:
        raise _refused() from None


def _refused() -> PasskeyUnknown:
    note_refused_sign_in("passkey")
    return PasskeyUnknown()


async def _use(
    session: AsyncSession, credential: UsedCredential, challenge: str, user_id: int | None = None
) -> str | None:
    """Returns the id of the owner, or None. A passkey that may be a copy is refused, with an event."""
    try:
        owner = await passkeys.use_passkey(session, credential, challenge, user_id)
    except passkeys.SignCountFell as copied:
        name = await sign_in.name_of(session, copied.user_id)
        await emit(session, None, events.PasskeyRefused(subject_id=copied.user_id, subject_name=name, name=copied.name))
        return None
    return None if owner is None else str(owner)
