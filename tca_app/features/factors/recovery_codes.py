"""Recovery codes: ten codes that each replace a second factor once. The database has keyed hashes of them."""

import secrets

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.security.tokens import keyed_token, token_hash
from tca_app.models import RecoveryCode

NUMBER = 10
GROUPS, GROUP = 3, 4
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like another one; 59 bits in twelve characters


def tidy(code: str) -> str:
    """Returns a code without what people add when they type it."""
    return code.replace("-", "").replace(" ", "").casefold()


def _hash(user_id: int, code: str) -> bytes:
    return token_hash(keyed_token("recovery_code", str(user_id), tidy(code)))


def _new_code() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))


async def renew(session: AsyncSession, user_id: int) -> list[str]:
    """Returns new codes. The earlier ones stop working."""
    codes = [_new_code() for _ in range(NUMBER)]
    await drop(session, user_id)
    await session.execute(
        insert(RecoveryCode), [{"user_id": user_id, "code_hash": _hash(user_id, code)} for code in codes]
    )
    return codes


async def drop(session: AsyncSession, user_id: int) -> None:
    await session.execute(delete(RecoveryCode).where(col(RecoveryCode.user_id) == user_id))


async def use(session: AsyncSession, user_id: int, code: str) -> bool:
    """Uses a code up. Of parallel calls with one code only one gets True."""
    used = (
        update(RecoveryCode)
        .where(
            col(RecoveryCode.user_id) == user_id,
            col(RecoveryCode.code_hash) == _hash(user_id, code),
            col(RecoveryCode.used_at).is_(None),
        )
        .values(used_at=func.now())
        .returning(col(RecoveryCode.id))
    )
    return (await session.execute(used.execution_options(synchronize_session=False))).first() is not None


async def count_left(session: AsyncSession, user_id: int) -> int:
    unused = select(func.count()).where(col(RecoveryCode.user_id) == user_id, col(RecoveryCode.used_at).is_(None))
    return (await session.execute(unused)).scalar_one()
