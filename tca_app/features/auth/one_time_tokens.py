"""One-time tokens: links that work once, such as the setup link and those in mails. Only their hashes are stored."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.security.tokens import new_token, token_hash
from tca_app.models import OneTimeToken


@dataclass(frozen=True, slots=True)
class Redeemed:
    """Whom a token was for (None: nobody in particular), and the address that it was sent to."""

    user_id: int | None
    email: str


async def issue(
    session: AsyncSession, purpose: str, life: timedelta, *, user_id: int | None = None, email: str = ""
) -> str:
    """Returns a new token. It replaces the earlier ones for the same purpose and user."""
    await withdraw(session, purpose, user_id)
    return await issue_another(session, purpose, life, user_id=user_id, email=email)


async def issue_another(
    session: AsyncSession, purpose: str, life: timedelta, *, user_id: int | None = None, email: str = ""
) -> str:
    """Like `issue`, but the earlier ones stay valid: for visitors, whose tokens have nobody's id."""
    token = new_token()
    values = {"purpose": purpose, "token_hash": token_hash(token), "user_id": user_id, "email": email}
    await session.execute(insert(OneTimeToken).values(expires_at=func.now() + life, **values))
    return token


async def redeem(session: AsyncSession, purpose: str, token: str) -> Redeemed | None:
    """Uses up a token and returns whom it was for, or None for one that is unknown, used or expired.

    It is deleted in the caller's transaction, so of parallel calls only one succeeds, and none after an error.
    """
    gone = (
        delete(OneTimeToken)
        .where(*_is_valid(purpose, token))
        .returning(col(OneTimeToken.user_id), col(OneTimeToken.email))
    )
    row = (await session.execute(gone)).first()
    return Redeemed(*row) if row else None


async def find(session: AsyncSession, purpose: str, token: str) -> Redeemed | None:
    """Like `redeem`, but the token stays valid: for the page that a link opens."""
    rows = select(col(OneTimeToken.user_id), col(OneTimeToken.email)).where(*_is_valid(purpose, token))
    row = (await session.execute(rows)).first()
    return Redeemed(*row) if row else None


async def withdraw(session: AsyncSession, purpose: str, user_id: int | None) -> None:
    """Makes the tokens of this purpose for this user worthless."""
    whose = col(OneTimeToken.user_id).is_not_distinct_from(user_id)
    await session.execute(delete(OneTimeToken).where(col(OneTimeToken.purpose) == purpose, whose))


async def withdraw_all(session: AsyncSession, user_id: int) -> None:
    """Makes every link that this user was sent worthless: their password or address changed."""
    await session.execute(delete(OneTimeToken).where(col(OneTimeToken.user_id) == user_id))


def _is_valid(purpose: str, token: str) -> tuple[ColumnElement[bool], ...]:
    return (
        col(OneTimeToken.purpose) == purpose,
        col(OneTimeToken.token_hash) == token_hash(token),
        col(OneTimeToken.expires_at) > func.now(),
    )
