"""Login throttling: after five failures in a row, waits that double from 30 s to 15 min.

Every attempt adds to two counters. One is visible: its wait is answered with 429. It belongs to what was typed at one
network address, to a known browser or to an open session, so it says nothing about anybody else. The other belongs to
the account, whatever identifier was typed and wherever: its wait gets the same response as a wrong password. So no
response reveals whether an account exists or its name (docs/decisions/0005).

The counters are in PostgreSQL, so the throttle works across replicas and without Redis. It cannot be switched off.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, DateTime, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.errors import TooManyRequests
from tca_app.core.security.tokens import is_keyed_token, keyed_token, new_token, same, token_hash
from tca_app.core.telemetry.metrics import note_refused_sign_in
from tca_app.models import LoginThrottle

FREE_FAILURES = 5
SEVERAL_FAILURES = 3  # from here on a refusal says that waiting may help
FIRST_WAIT_S = 30
MAX_WAIT_S = 15 * 60
MAX_FAILURES = 100
FORGET_AFTER = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Attempt:
    """The counters of one attempt: `shown` and, unless it is empty, the hidden one of the `account`."""

    shown: str
    account: str = ""
    forgets_shown: bool = True  # after a success

    @property
    def keys(self) -> tuple[str, ...]:
        """Returns the keys in the order in which they are locked. The account's counter is always last."""
        return (self.shown, self.account) if self.account else (self.shown,)


@dataclass(frozen=True, slots=True)
class Count:
    """One locked counter: the failures in a row, and when its wait ends."""

    failures: int
    blocked_until: datetime | None


@dataclass(frozen=True, slots=True)
class Counts:
    """The locked counters of an attempt, by key, and the time of the database."""

    by_key: dict[str, Count]
    now: datetime

    def waits(self, key: str) -> bool:
        blocked_until = self.by_key[key].blocked_until if key in self.by_key else None
        return blocked_until is not None and blocked_until > self.now

    def are_several(self, attempt: Attempt) -> bool:
        """Returns whether this failure is one of several that the visible counter knows.

        The hidden one is not asked: what a response says must not depend on the account.
        """
        return self.by_key[attempt.shown].failures + 1 >= SEVERAL_FAILURES


def sign_in_attempt(user_id: int | None, login: str, ip: str, device: str) -> Attempt:
    """Returns the attempt of a sign-in with `login`. `user_id` is None for an unknown name.

    A browser that signed in before has its own counter: nobody can lock a user out of the browser they use (OWASP
    device cookies). All others share the account's. What was typed is not forgotten when the account signs in: that
    would tell somebody at the same address that it did.
    """
    if user_id is not None and device and is_device_of(user_id, device):
        return Attempt(f"device:{device}")
    account = f"user:{user_id}" if user_id is not None else f"nobody:{token_hash(login).hex()}"
    return Attempt(f"typed:{token_hash(f'{ip} {login}').hex()}", account, forgets_shown=False)


def second_factor_attempt(user_id: int, ip: str, device: str) -> Attempt:
    """Returns the attempt of a code after the right password. The password, which is known then, resets none of it."""
    if device and is_device_of(user_id, device):
        return Attempt(f"factor-device:{device}")
    shown = f"factor-typed:{token_hash(f'{ip} {user_id}').hex()}"
    return Attempt(shown, f"factor:{user_id}", forgets_shown=False)


def session_attempt(user_id: int, session_id: int) -> Attempt:
    """Returns the attempt of a signed-in user who confirms the password. Only failures of this session cause a wait."""
    return Attempt(f"session:{session_id}", f"user:{user_id}")


def new_device(user_id: int) -> str:
    """Returns the value of a device cookie, signed for one user."""
    nonce = new_token()
    return f"{user_id}.{nonce}.{keyed_token('device', str(user_id), nonce)}"


def is_device_of(user_id: int, device: str) -> bool:
    owner, _, rest = device.partition(".")
    nonce, _, mac = rest.rpartition(".")
    return owner == str(user_id) and is_keyed_token(mac, "device", owner, nonce)


def device_after_sign_in(user_id: int, device: str) -> str:
    """Returns the device cookie of a browser that signed in: its own if SECRET_KEY signed it, otherwise a new one."""
    owner, _, rest = device.partition(".")
    nonce, _, mac = rest.rpartition(".")
    is_signed = owner == str(user_id) and same(mac, keyed_token("device", owner, nonce))
    return device if is_signed else new_device(user_id)


def wait_after(failures: int) -> int:
    """Returns the seconds to wait after this many failures in a row."""
    if failures < FREE_FAILURES:
        return 0
    if failures >= MAX_FAILURES:
        return int(FORGET_AFTER.total_seconds())
    return int(min(FIRST_WAIT_S * 2 ** (failures - FREE_FAILURES), MAX_WAIT_S))


# One clock for all replicas.
CLOCK: ColumnElement[datetime] = func.clock_timestamp(type_=DateTime(timezone=True))
# Cached, because building a statement takes longer than running it.
_ASK = select(col(LoginThrottle.blocked_until), CLOCK).where(col(LoginThrottle.key) == bindparam("name"))
_ENTRY = insert(LoginThrottle).values(key=bindparam("name"), failures=0, last_failed_at=CLOCK)
_LOCK = _ENTRY.on_conflict_do_update(index_elements=["key"], set_={"key": _ENTRY.excluded.key}).returning(
    col(LoginThrottle.failures), col(LoginThrottle.last_failed_at), col(LoginThrottle.blocked_until), CLOCK
)
_PLAIN = {"synchronize_session": False}


async def refuse_while_waiting(session: AsyncSession, attempt: Attempt) -> None:
    """Raises TooManyRequests during the visible wait, whatever the password is."""
    for blocked_until, now in await session.execute(_ASK, {"name": attempt.shown}):
        _refuse_before(blocked_until, now)


async def lock_counts(session: AsyncSession, attempt: Attempt) -> Counts:
    """Returns the counters, locked until the end of the transaction. Raises TooManyRequests.

    Parallel attempts are serialized: an update that changes nothing waits for the lock and then reads the result.
    """
    by_key = {}
    for key in attempt.keys:
        found = await session.execute(_LOCK, {"name": key}, execution_options=_PLAIN)
        failures, last_failed_at, blocked_until, now = found.one()
        by_key[key] = Count(0 if last_failed_at < now - FORGET_AFTER else failures, blocked_until)
        if key == attempt.shown:
            _refuse_before(blocked_until, now)
    return Counts(by_key, now)


def _refuse_before(blocked_until: datetime | None, now: datetime) -> None:
    if blocked_until and blocked_until > now:
        note_refused_sign_in("throttled")
        raise TooManyRequests.after((blocked_until - now).total_seconds())


async def count_failure(session: AsyncSession, counts: Counts) -> None:
    """Adds a failure, and deletes counters that have not changed for 12 hours.

    A waiting counter keeps its value, because the password was not checked; its row is written all the same.
    """
    for key, count in counts.by_key.items():
        values = _as_it_is(count) if counts.waits(key) else _one_more(count, counts.now)
        statement = insert(LoginThrottle).values(key=key, **{"last_failed_at": counts.now} | values)
        await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))
    old = select(col(LoginThrottle.key)).where(col(LoginThrottle.last_failed_at) < counts.now - FORGET_AFTER).limit(20)
    await session.execute(
        delete(LoginThrottle).where(col(LoginThrottle.key).in_(old.with_for_update(skip_locked=True)))
    )


def _as_it_is(count: Count) -> dict[str, Any]:
    return {"failures": count.failures, "blocked_until": count.blocked_until}


def _one_more(count: Count, now: datetime) -> dict[str, Any]:
    wait = wait_after(count.failures + 1)
    blocked_until = now + timedelta(seconds=wait) if wait else None
    return {"failures": count.failures + 1, "last_failed_at": now, "blocked_until": blocked_until}


async def forget(session: AsyncSession, attempt: Attempt) -> None:
    """Resets the counters after a success. A visible counter that stays needs a row only once it has a failure."""
    stays = (col(LoginThrottle.key) == attempt.shown) & (col(LoginThrottle.failures) > 0)
    ended = delete(LoginThrottle).where(col(LoginThrottle.key).in_(attempt.keys))
    await session.execute(ended if attempt.forgets_shown else ended.where(~stays), execution_options=_PLAIN)


async def forget_account(session: AsyncSession, user_id: int) -> None:
    """Resets the hidden counter of an account whose password was set anew."""
    await session.execute(delete(LoginThrottle).where(col(LoginThrottle.key) == f"user:{user_id}"))


async def database_now(session: AsyncSession) -> datetime:
    return (await session.execute(select(CLOCK))).scalar_one()
