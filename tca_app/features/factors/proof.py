"""Checks a code of an authenticator app or a recovery code: each is accepted once."""

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.security.encryption import DecryptionError
from tca_app.features.auth.throttle import database_now
from tca_app.features.factors import recovery_codes, totp
from tca_app.models import Factor

log = structlog.get_logger(__name__)
_factors = Factor.__table__.c
TOTP_DIGITS = 6


async def use_code(session: AsyncSession, user_id: int, code: str) -> str | None:
    """Uses a code up and returns what it was, "totp" or "recovery_code", or None for one that is not valid."""
    given = recovery_codes.tidy(code)
    if len(given) == TOTP_DIGITS and given.isascii() and given.isdigit():
        return "totp" if await _use_totp(session, user_id, given) else None
    return "recovery_code" if await recovery_codes.use(session, user_id, given) else None


async def _use_totp(session: AsyncSession, user_id: int, code: str) -> bool:
    apps = select(_factors.id, _factors.sealed_secret).where(
        _factors.user_id == user_id, _factors.kind == "totp", _factors.confirmed_at.is_not(None)
    )
    now = await database_now(session)
    for factor_id, sealed in (await session.execute(apps)).all():
        try:
            step = totp.step_of(totp.unseal(sealed, user_id), code, now)
        except DecryptionError as error:  # SECRET_KEY was changed: an administrator resets the user's factors
            log.warning("factors.secret_unreadable", factor_id=factor_id, error=str(error))
            continue
        if step is not None and await _use_step(session, factor_id, step):
            return True
    return False


async def _use_step(session: AsyncSession, factor_id: int, step: int) -> bool:
    """Whether the code of this time step is used for the first time. Parallel calls wait here for each other."""
    used = (
        update(Factor)
        .where(_factors.id == factor_id, _factors.last_step < step)
        .values(last_step=step, last_used_at=func.now())
        .returning(_factors.id)
    )
    return (await session.execute(used.execution_options(synchronize_session=False))).first() is not None
