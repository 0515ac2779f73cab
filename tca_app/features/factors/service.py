"""Service functions for second factors of one's own account, and their reset by an administrator."""

from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.session import lock
from tca_app.core.display_name import display_name
from tca_app.core.errors import Conflict, Invalid, NotFound
from tca_app.core.events.log import emit
from tca_app.core.instance import instance_settings
from tca_app.core.language.messages import N_, _
from tca_app.features.auth import one_time_tokens, service as auth
from tca_app.features.auth.policy import require_own
from tca_app.features.auth.second_factor import PURPOSE
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.auth.throttle import database_now
from tca_app.features.factors import events, recovery_codes, totp
from tca_app.features.factors.schemas import (
    FactorConfirmed,
    FactorName,
    FactorRead,
    FactorsRead,
    GivenCode,
    RecoveryCodes,
    TotpSetup,
)
from tca_app.features.users import policy, service as users
from tca_app.models import Factor, User

KINDS = {"totp": "authenticator app", "passkey": "passkey"}
MAX_FACTORS = 20
LAST_IS_REQUIRED = N_("Your organization requires a second factor. Add another one before you remove this one.")
CHANGED = "two-factor authentication changed"
_factors = Factor.__table__.c
COLUMNS = tuple(_factors[name] for name in FactorRead.model_fields)


async def list_factors(session: AsyncSession, actor: Actor) -> FactorsRead:
    """Returns the actor's confirmed factors and how many recovery codes are left."""
    require_own(actor, "factors.list")
    return await _read(session, actor.user_id)


async def _read(session: AsyncSession, user_id: int) -> FactorsRead:
    rows = select(*COLUMNS).where(_factors.user_id == user_id, _factors.confirmed_at.is_not(None))
    found = [FactorRead.model_validate(row) for row in await session.execute(rows.order_by(_factors.id))]
    return FactorsRead(factors=found, recovery_codes_left=await recovery_codes.count_left(session, user_id))


async def add_totp(session: AsyncSession, actor: Actor, data: FactorName) -> TotpSetup:
    """Starts to add an authenticator app, which counts once `confirm_totp` got a code of it."""
    await require_recent_proof(session, actor, is_credential=True)
    await lock_factors(session, actor.user_id)
    await refuse_too_many(session, actor.user_id)
    unfinished = (_factors.user_id == actor.user_id) & _factors.confirmed_at.is_(None)
    await session.execute(delete(Factor).where(unfinished))
    secret = totp.new_secret()
    values = {"user_id": actor.user_id, "kind": "totp", "name": data.name}
    sealed = totp.seal(secret, actor.user_id)
    made = insert(Factor).values(**values, sealed_secret=sealed).returning(_factors.id)
    factor_id = (await session.execute(made)).scalar_one()
    uri = totp.uri_of(secret, actor.username)
    return TotpSetup(id=factor_id, name=data.name, secret=secret, uri=uri, qr_code=totp.qr_code_of(uri))


async def confirm_totp(session: AsyncSession, actor: Actor, factor_id: int, data: GivenCode) -> FactorConfirmed:
    """Makes an authenticator app count. Raises NotFound unless it is one that waits, Invalid for a wrong code."""
    await require_recent_proof(session, actor, is_credential=True)
    await lock_factors(session, actor.user_id)
    waiting = _factors.id == factor_id, _factors.user_id == actor.user_id, _factors.confirmed_at.is_(None)
    row = (await session.execute(select(_factors.sealed_secret).where(*waiting))).first()
    if row is None:
        raise NotFound
    secret = totp.unseal(row.sealed_secret, actor.user_id)
    step = totp.step_of(secret, recovery_codes.tidy(data.code), await database_now(session))
    if step is None:
        raise Invalid.at(
            "code", _("This code is not correct. Check the time of your device and enter the newest code.")
        )
    confirmed = update(Factor).where(*waiting).values(confirmed_at=func.now(), last_step=step).returning(*COLUMNS)
    factor = (await session.execute(confirmed.execution_options(synchronize_session=False))).one()
    return await note_added(session, actor, factor)


async def note_added(session: AsyncSession, actor: Actor, factor: Row[*tuple[Any, ...]]) -> FactorConfirmed:
    """Does what follows a new factor: recovery codes for the first one, the event, and the end of other sessions."""
    others = select(_factors.id).where(
        _factors.user_id == actor.user_id, _factors.id != factor.id, _factors.confirmed_at.is_not(None)
    )
    is_first = (await session.execute(others.limit(1))).first() is None
    codes = await recovery_codes.renew(session, actor.user_id) if is_first else None
    await emit(session, actor, events.FactorAdded(**about(actor), kind=KINDS[factor.kind], name=factor.name))
    auth.forget_person(session, actor.user_id)
    await auth.revoke_user(session, actor, actor.user_id, CHANGED, keep=actor.session_id)
    return FactorConfirmed(factor=FactorRead.model_validate(factor), recovery_codes=codes)


async def rename_factor(session: AsyncSession, actor: Actor, factor_id: int, data: FactorName) -> FactorRead:
    await require_recent_proof(session, actor, is_credential=True)
    named = update(Factor).where(*_confirmed(actor, factor_id)).values(name=data.name).returning(*COLUMNS)
    row = (await session.execute(named.execution_options(synchronize_session=False))).first()
    if row is None:
        raise NotFound
    await emit(session, actor, events.FactorRenamed(**about(actor), kind=KINDS[row.kind], name=row.name))
    return FactorRead.model_validate(row)


async def remove_factor(session: AsyncSession, actor: Actor, factor_id: int) -> None:
    """Removes a factor. With the last one the recovery codes go too, and the password alone signs in.

    Raises Conflict for the last one of someone who must have one.
    """
    await require_recent_proof(session, actor, is_credential=True)
    await lock_factors(session, actor.user_id)
    gone = delete(Factor).where(*_confirmed(actor, factor_id)).returning(_factors.kind, _factors.name)
    row = (await session.execute(gone)).first()
    if row is None:
        raise NotFound
    if not (await list_factors(session, actor)).factors:
        if instance_settings().requires_two_factor(is_superuser=actor.is_superuser):
            raise Conflict(_(LAST_IS_REQUIRED))
        await recovery_codes.drop(session, actor.user_id)
    auth.forget_person(session, actor.user_id)
    await emit(session, actor, events.FactorRemoved(**about(actor), kind=KINDS[row.kind], name=row.name))
    await auth.revoke_user(session, actor, actor.user_id, CHANGED, keep=actor.session_id)


async def renew_recovery_codes(session: AsyncSession, actor: Actor) -> RecoveryCodes:
    """Returns new recovery codes. Raises Conflict without a factor, which they would replace."""
    await require_recent_proof(session, actor, is_credential=True)
    await lock_factors(session, actor.user_id)
    if not (await list_factors(session, actor)).factors:
        raise Conflict(_("Add an authenticator app or a passkey first."))
    codes = await recovery_codes.renew(session, actor.user_id)
    await emit(session, actor, events.RecoveryCodesRenewed(**about(actor)))
    return RecoveryCodes(recovery_codes=codes)


async def list_user_factors(session: AsyncSession, actor: Actor, user_id: int) -> FactorsRead:
    """Returns the factors of any user, for administrators, or your own. Raises NotFound."""
    require_own(actor, "factors.list")
    policy.require(actor, "users.read_factors", user_id)
    await users.get_user(session, actor, user_id)
    return await _read(session, user_id)


async def reset_factors(session: AsyncSession, actor: Actor, user_id: int) -> None:
    """Removes all factors and recovery codes of a user who lost them, and ends their sessions. Only administrators."""
    policy.require(actor, "users.reset_factors")
    await require_recent_proof(session, actor, is_credential=True)
    user = await users.get_user(session, actor, user_id)
    await _reset(session, actor, user_id, display_name(user))


async def reset_on_server(session: AsyncSession, username: str) -> str:
    """Like reset_factors, for who runs the server: the way out when no administrator can sign in. Raises NotFound."""
    named = (func.lower(col(User.username)) == username.strip().lower()) & (col(User.kind) == "person")
    row = (await session.execute(select(col(User.id), col(User.username), col(User.full_name)).where(named))).first()
    if row is None:
        raise NotFound(_("There is no user {username}.", username=username))
    await _reset(session, None, row.id, display_name(row))
    return str(row.username)


async def _reset(session: AsyncSession, actor: Actor | None, user_id: int, name: str) -> None:
    await lock_factors(session, user_id)
    gone = delete(Factor).where(_factors.user_id == user_id).returning(_factors.id)
    if not (await session.execute(gone)).all():
        return
    await recovery_codes.drop(session, user_id)
    await one_time_tokens.withdraw(session, PURPOSE, user_id)
    await emit(session, actor, events.FactorsReset(subject_id=user_id, subject_name=name))
    auth.forget_person(session, user_id)
    await auth.revoke_user(session, actor, user_id, CHANGED, keep=actor.session_id if actor else 0)


async def lock_factors(session: AsyncSession, user_id: int) -> None:
    """Serializes changes of one user's factors, so that each sees which one is the first or the last."""
    await lock(session, f"factors:{user_id}")


async def refuse_too_many(session: AsyncSession, user_id: int) -> None:
    number = select(func.count()).where(_factors.user_id == user_id, _factors.confirmed_at.is_not(None))
    if (await session.execute(number)).scalar_one() >= MAX_FACTORS:
        raise Conflict(
            _("An account has at most {max_factors} second factors. Remove one first.", max_factors=MAX_FACTORS)
        )


def _confirmed(actor: Actor, factor_id: int) -> tuple[Any, ...]:
    return _factors.id == factor_id, _factors.user_id == actor.user_id, _factors.confirmed_at.is_not(None)


def about(actor: Actor) -> dict[str, Any]:
    """Returns the subject of an event about the actor's own account."""
    return {"subject_id": actor.user_id, "subject_name": actor.display_name}
