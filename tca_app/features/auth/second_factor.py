"""The step between the first proof and a session, for accounts with a second factor.

The right password, or a sign-in at a provider, opens no session then. It gets a challenge that works once and for five
minutes: a browser as a cookie, a script in the response. `features.factors` redeems it for a code, a recovery code or
a passkey.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.errors import BadCredentials, NotSignedIn
from tca_app.core.language.messages import N_
from tca_app.features.auth import one_time_tokens
from tca_app.models import Factor, RecoveryCode, User

PURPOSE = "second_factor"
COOKIE = "second_factor"  # the challenge of a browser
CHALLENGE_TTL = timedelta(minutes=5)
Method = Literal["totp", "passkey", "recovery_code"]


@dataclass
class SecondFactorRequired(NotSignedIn):
    """The first proof is right. `challenge` opens the next step; `methods` are the second factors of the account."""

    challenge: str = field(default="", repr=False)
    methods: list[Method] = field(default_factory=list)

    code = "second_factor_required"
    default = N_("Confirm your second factor to sign in.")
    keeps_changes = True  # the challenge

    @property
    def extra(self) -> dict[str, Any]:
        about = {"challenge": self.challenge, "expires_in": int(CHALLENGE_TTL.total_seconds())}
        return {"second_factor": {"methods": self.methods} | (about if self.challenge else {})}


async def methods_of(session: AsyncSession, user_id: int) -> list[Method]:
    """Returns by what the user can confirm a sign-in; nothing when the password is enough."""
    confirmed = select(col(Factor.kind)).where(col(Factor.user_id) == user_id, col(Factor.confirmed_at).is_not(None))
    kinds = set((await session.execute(confirmed)).scalars())
    methods: list[Method] = [kind for kind in ("totp", "passkey") if kind in kinds]
    unused = (col(RecoveryCode.user_id) == user_id) & col(RecoveryCode.used_at).is_(None)
    if methods and (await session.execute(select(col(RecoveryCode.id)).where(unused).limit(1))).first():
        methods.append("recovery_code")
    return methods


async def require_second_factor(
    session: AsyncSession, user_id: int, proven_hash: str | None = None, fresh_hash: str | None = None
) -> None:
    """Raises SecondFactorRequired if the account has one.

    `proven_hash` is the hash that the password was checked against; None after a sign-in at a provider.
    """
    methods = await methods_of(session, user_id)
    if not methods:
        return
    # The lock makes a change of the password wait, which then withdraws this challenge.
    unchanged = select(col(User.id)).where(
        col(User.id) == user_id, col(User.hashed_password) == proven_hash if proven_hash else true()
    )
    if (await session.execute(unchanged.with_for_update(read=True))).first() is None:
        raise BadCredentials
    if fresh_hash:
        stronger = update(User).where(col(User.id) == user_id).values(hashed_password=fresh_hash)
        await session.execute(stronger.execution_options(synchronize_session=False))
    challenge = await one_time_tokens.issue(session, PURPOSE, CHALLENGE_TTL, user_id=user_id)
    raise SecondFactorRequired(challenge=challenge, methods=methods)
