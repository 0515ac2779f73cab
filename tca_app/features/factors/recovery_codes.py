"""Recovery codes: ten codes that each replace a second factor once. The database has encrypted hashes of them."""

import secrets

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.security.encryption import DecryptionError, decrypt, encrypt
from tca_app.core.security.tokens import keyed_tokens, same, token_hash
from tca_app.models import RecoveryCode

NUMBER = 10
KEYED_HASH_BYTES = 32  # of the first codes
GROUPS, GROUP = 3, 4
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like another one; 59 bits in twelve characters
_codes = RecoveryCode.__table__.c


def tidy(code: str) -> str:
    """Returns a code without what people add when they type it."""
    return code.replace("-", "").replace(" ", "").casefold()


def _sealed(user_id: int, code: str) -> bytes:
    """Returns what the database stores: 59 bits are too few for a plain hash, so it is encrypted."""
    return encrypt(token_hash(tidy(code)).hex(), _purpose(user_id))


def _purpose(user_id: int) -> str:
    return f"recovery_code:{user_id}"


def _matches(user_id: int, code: str, stored: bytes) -> bool:
    if len(stored) == KEYED_HASH_BYTES:
        keyed = [token_hash(token) for token in keyed_tokens("recovery_code", str(user_id), tidy(code))]
        return any(same(hashed.hex(), stored.hex()) for hashed in keyed)
    try:
        return same(decrypt(stored, _purpose(user_id)), token_hash(tidy(code)).hex())
    except DecryptionError:  # SECRET_KEY was changed: an administrator resets the user's factors
        return False


def _new_code() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))


async def renew(session: AsyncSession, user_id: int) -> list[str]:
    """Returns new codes. The earlier ones stop working."""
    codes = [_new_code() for _ in range(NUMBER)]
    await drop(session, user_id)
    await session.execute(
        insert(RecoveryCode), [{"user_id": user_id, "code_hash": _sealed(user_id, code)} for code in codes]
    )
    return codes


async def drop(session: AsyncSession, user_id: int) -> None:
    await session.execute(delete(RecoveryCode).where(col(RecoveryCode.user_id) == user_id))


async def use(session: AsyncSession, user_id: int, code: str) -> bool:
    """Uses a code up. Of parallel calls with one code only one gets True."""
    is_unused = (col(RecoveryCode.user_id) == user_id) & col(RecoveryCode.used_at).is_(None)
    rows = (await session.execute(select(_codes.id, _codes.code_hash).where(is_unused))).all()
    matching = [row.id for row in rows if _matches(user_id, code, row.code_hash)]
    used = (
        update(RecoveryCode)
        .where(col(RecoveryCode.id).in_(matching), is_unused)
        .values(used_at=func.now())
        .returning(col(RecoveryCode.id))
    )
    return (await session.execute(used.execution_options(synchronize_session=False))).first() is not None


async def count_left(session: AsyncSession, user_id: int) -> int:
    unused = select(func.count()).where(col(RecoveryCode.user_id) == user_id, col(RecoveryCode.used_at).is_(None))
    return (await session.execute(unused)).scalar_one()
