"""The throttle per account (row AU-1): five failures in a row, then waits that double from 30 s to 15 min.

Counted in PostgreSQL, so that it holds over replicas and without Redis; it has no off switch. A name that nobody has is
counted in the same way, so a wait tells nothing. A browser that signed in before carries a device cookie and has a
count of its own: an attacker cannot lock a person out of the browser they use (OWASP device cookies).
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, DateTime, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.errors import TooManyRequests
from tca_app.core.security import keyed_token, new_token, same, token_hash
from tca_app.models import LoginThrottle

FREE_FAILURES = 5
FIRST_WAIT_S = 30
LONGEST_WAIT_S = 15 * 60
MOST_FAILURES = 100
FORGET_AFTER = timedelta(hours=12)


def throttle_key(user_id: int | None, login: str, device: str) -> str:
    """Which count an attempt belongs to: the known device's, the account's, or the unknown name's."""
    if user_id is None:
        return "name:" + token_hash(login).hex()
    return f"device:{device}" if device and is_device_of(user_id, device) else f"user:{user_id}"


def new_device(user_id: int) -> str:
    """The value of a device cookie, signed for one person."""
    nonce = new_token()
    return f"{user_id}.{nonce}.{keyed_token('device', str(user_id), nonce)}"


def is_device_of(user_id: int, device: str) -> bool:
    owner, _, rest = device.partition(".")
    nonce, _, mac = rest.rpartition(".")
    return owner == str(user_id) and same(mac, keyed_token("device", owner, nonce))


def wait_after(failures: int) -> int:
    """Seconds to wait after this many failures in a row."""
    if failures < FREE_FAILURES:
        return 0
    if failures >= MOST_FAILURES:
        return int(FORGET_AFTER.total_seconds())
    return int(min(FIRST_WAIT_S * 2 ** (failures - FREE_FAILURES), LONGEST_WAIT_S))


# One clock for all replicas (row FT-9).
CLOCK: ColumnElement[datetime] = func.clock_timestamp(type_=DateTime(timezone=True))
# Built once: building them takes longer than running them.
_ASK = select(LoginThrottle.blocked_until, CLOCK).where(LoginThrottle.key == bindparam("name"))
_ENTRY = insert(LoginThrottle).values(key=bindparam("name"), failures=0, last_failed_at=CLOCK)
_LOCK = _ENTRY.on_conflict_do_update(index_elements=["key"], set_={"key": _ENTRY.excluded.key}).returning(
    LoginThrottle.failures, LoginThrottle.last_failed_at, LoginThrottle.blocked_until, CLOCK
)
_FORGET = delete(LoginThrottle).where(LoginThrottle.key == bindparam("name"))
_PLAIN = {"synchronize_session": False}


async def refuse_while_waiting(session: AsyncSession, key: str) -> None:
    """Raises TooManyRequests while the wait lasts, whatever the password is."""
    for blocked_until, now in await session.execute(_ASK, {"name": key}):
        _refuse_before(blocked_until, now)


async def lock_count(session: AsyncSession, key: str) -> tuple[int, datetime]:
    """The failures so far and the time now, with the row locked until the end of the transaction.

    Parallel guesses take turns: an update that changes nothing waits for the lock, and its answer is read after that.
    """
    found = await session.execute(_LOCK, {"name": key}, execution_options=_PLAIN)
    failures, last_failed_at, blocked_until, now = found.one()
    _refuse_before(blocked_until, now)
    return (0 if last_failed_at < now - FORGET_AFTER else failures), now


def _refuse_before(blocked_until: datetime | None, now: datetime) -> None:
    if blocked_until and blocked_until > now:
        raise TooManyRequests.after((blocked_until - now).total_seconds())


async def count_failure(session: AsyncSession, key: str, failures: int, now: datetime) -> None:
    """Remember one more failure after `failures`, and forget the counts that nobody added to for 12 hours."""
    wait = wait_after(failures + 1)
    values = {
        "failures": failures + 1,
        "last_failed_at": now,
        "blocked_until": now + timedelta(seconds=wait) if wait else None,
    }
    statement = insert(LoginThrottle).values(key=key, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))
    old = select(LoginThrottle.key).where(LoginThrottle.last_failed_at < now - FORGET_AFTER).limit(20)
    await session.execute(delete(LoginThrottle).where(LoginThrottle.key.in_(old.with_for_update(skip_locked=True))))


async def forget(session: AsyncSession, key: str) -> None:
    await session.execute(_FORGET, {"name": key}, execution_options=_PLAIN)


async def database_now(session: AsyncSession) -> datetime:
    return (await session.execute(select(CLOCK))).scalar_one()
