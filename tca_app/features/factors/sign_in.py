"""The second step of a sign-in, and the second factor as a proof for sensitive changes."""

from collections.abc import Awaitable, Callable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.errors import Invalid, NotSignedIn, SessionRequired
from tca_app.core.events.log import emit
from tca_app.core.language.messages import N_, _
from tca_app.core.telemetry.metrics import note_refused_sign_in
from tca_app.features.auth import one_time_tokens, step_up, throttle
from tca_app.features.auth.policy import require_own
from tca_app.features.auth.second_factor import PURPOSE, Method, methods_of
from tca_app.features.auth.service import Client, Kind, SignIn, open_session
from tca_app.features.factors import events, recovery_codes
from tca_app.features.factors.proof import use_code
from tca_app.features.factors.schemas import GivenCode
from tca_app.models import User

MAY_WAIT = N_("This is not correct, or it was used before. If you are sure, try again in 15 minutes.")
Check = Callable[[AsyncSession, int], Awaitable[str | None]]  # what of this user was accepted, or None


class SignInExpired(NotSignedIn):
    """The challenge is unknown, used, or older than five minutes."""

    code = "second_factor_expired"
    default = N_("This sign-in has expired. Start again.")


class WrongSecondFactor(NotSignedIn):
    """The same for a wrong, a used and a throttled code. The failed attempt stays counted."""

    code = "wrong_second_factor"
    default = N_("This is not correct, or it was used before.")
    keeps_changes = True


class WrongProof(Invalid):
    """Like WrongSecondFactor, of someone who is signed in."""

    code = "wrong_second_factor"
    default = N_("This is not correct, or it was used before.")
    keeps_changes = True


async def pending_methods(session: AsyncSession, challenge: str) -> list[Method]:
    """Returns how a sign-in that has begun can go on; nothing when it has expired."""
    pending = await one_time_tokens.find(session, PURPOSE, challenge) if challenge else None
    return await methods_of(session, pending.user_id) if pending and pending.user_id else []


async def finish_with_code(
    session: AsyncSession, challenge: str, data: GivenCode, client: Client, kind: Kind
) -> SignIn:
    """Opens the session of a sign-in whose first proof was right. Raises SignInExpired, WrongSecondFactor."""

    async def check(session: AsyncSession, user_id: int) -> str | None:
        return await use_code(session, user_id, data.code)

    return await finish(session, challenge, check, client, kind)


async def finish(session: AsyncSession, challenge: str, check: Check, client: Client, kind: Kind) -> SignIn:
    """Redeems a challenge if `check` accepts. Failures are counted apart from those of the password."""
    pending = await one_time_tokens.find(session, PURPOSE, challenge) if challenge else None
    if pending is None or pending.user_id is None:
        raise SignInExpired
    user_id = pending.user_id
    attempt = throttle.second_factor_attempt(user_id, client.ip, client.device)
    counts = await throttle.lock_counts(session, attempt)
    accepted = None if counts.waits(attempt.account) else await check(session, user_id)
    if accepted is None:
        await throttle.count_failure(session, counts)
        name = await name_of(session, user_id)
        failed = events.SecondFactorFailed(subject_id=user_id, subject_name=name, device=client.user_agent[:200])
        await emit(session, None, failed)
        note_refused_sign_in("second_factor")
        raise WrongSecondFactor(_(MAY_WAIT) if counts.are_several(attempt) else "")
    if await one_time_tokens.redeem(session, PURPOSE, challenge) is None:
        raise SignInExpired  # a parallel call was first; what this one used is rolled back
    await throttle.forget(session, attempt)
    done = await open_session(session, user_id, client, kind)
    if accepted == "recovery_code":
        await _emit_code_used(session, await _owner(session, user_id, client))
    return done


async def confirm_with_code(session: AsyncSession, actor: Actor, data: GivenCode) -> None:
    """Like step_up.reauthenticate, with a code in place of the password."""

    async def check(session: AsyncSession, user_id: int) -> str | None:
        return await use_code(session, user_id, data.code)

    await confirm(session, actor, check, "code")


async def confirm(session: AsyncSession, actor: Actor, check: Check, field: str) -> None:
    """Counts as a proof for ten minutes if `check` accepts. Failures count like those of the password."""
    require_own(actor, "proof.give")
    if actor.token_id:
        raise SessionRequired
    attempt = throttle.session_attempt(actor.user_id, actor.session_id)
    counts = await throttle.lock_counts(session, attempt)
    accepted = await check(session, actor.user_id)
    if accepted is None:
        await throttle.count_failure(session, counts)
        raise WrongProof.at(field, WrongProof.default)
    await throttle.forget(session, attempt)
    await step_up.note_proof(session, actor)
    if accepted == "recovery_code":
        await _emit_code_used(session, actor)


async def _emit_code_used(session: AsyncSession, actor: Actor) -> None:
    left = await recovery_codes.count_left(session, actor.user_id)
    about = {"subject_id": actor.user_id, "subject_name": actor.display_name}
    await emit(session, actor, events.RecoveryCodeUsed(**about, left=left))


async def _owner(session: AsyncSession, user_id: int, client: Client) -> Actor:
    """Returns the user of an account as an actor without a session."""
    named = select(col(User.username), col(User.full_name), col(User.is_superuser)).where(col(User.id) == user_id)
    row = (await session.execute(named)).one()
    return Actor(user_id, row.username, row.full_name, row.is_superuser, ip=client.ip, request_id=client.request_id)


async def name_of(session: AsyncSession, user_id: int) -> str:
    return (await _owner(session, user_id, Client())).display_name
