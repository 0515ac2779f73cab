"""Sign-in and sessions. One row of `auth_sessions` backs a cookie or a pair of tokens; ending it ends both."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.display_name import display_name, display_name_sql
from tca_app.core.errors import BadCredentials, NotFound, NotSignedIn, TokenReused
from tca_app.core.events.log import emit
from tca_app.core.instance import instance_settings
from tca_app.core.language.messages import N_, _
from tca_app.core.security.tokens import keyed_tokens, new_access_token, new_token, same, token_hash, verify_password
from tca_app.core.telemetry.metrics import note_refused_sign_in
from tca_app.features.auth import events, throttle
from tca_app.features.auth.callers import PERSON, Caller as Caller, Client as Client, person_fields
from tca_app.features.auth.policy import require_own
from tca_app.features.auth.queries import (
    forget_person as forget_person,
    is_valid,
    known_bearer as known_bearer,
    known_browser as known_browser,
    list_sessions as list_sessions,
    live_sessions as live_sessions,
    resolve_bearer as resolve_bearer,
    resolve_browser as resolve_browser,
    touch as touch,
)
from tca_app.features.auth.schemas import LoginAnswer, SignedInUser, TokenPair
from tca_app.features.auth.second_factor import require_second_factor
from tca_app.models import AuthSession, User

_sessions = AuthSession.__table__.c
MAY_WAIT = N_("Incorrect username or password. If you are sure of both, try again in 15 minutes.")
REFRESH_GRACE = timedelta(seconds=10)
Kind = Literal["browser", "api"]


@dataclass(frozen=True, slots=True)
class Account:
    """The account of a login name. `user_id` is None for an unknown name, which the response must not reveal."""

    user_id: int | None
    hashed_password: str | None
    may_sign_in: bool
    attempt: throttle.Attempt
    name: str = "an unknown name"


@dataclass(frozen=True, slots=True)
class SignIn:
    """A new session: the cookie values of a browser, or the tokens of a script."""

    session_id: int
    cookie: str
    device: str
    answer: LoginAnswer | None
    language: str | None = None


async def find_account(session: AsyncSession, login: str, client: Client) -> Account:
    """Finds an account by username or email, ignoring case. Raises TooManyRequests while the throttle waits."""
    folded = login.strip().casefold()
    columns = (User.id, User.hashed_password, User.is_active, User.deleted_at, User.username, User.full_name)
    found = await session.execute(
        select(*map(col, columns)).where(
            or_(func.lower(User.username) == folded, col(User.email) == folded), col(User.kind) == "person"
        )
    )
    row = found.first()
    attempt = throttle.sign_in_attempt(row.id if row else None, folded, client.ip, client.device)
    await throttle.refuse_while_waiting(session, attempt)
    if row is None:
        return Account(None, None, False, attempt)
    may_sign_in = row.is_active and row.deleted_at is None
    return Account(row.id, row.hashed_password, may_sign_in, attempt, display_name(row))


async def check_password(account: Account, password: str) -> tuple[bool, str | None]:
    """Checks a password, equally slowly for every account. Call it without a database connection."""
    right, fresh_hash = await verify_password(password, account.hashed_password)
    return right and account.may_sign_in, fresh_hash


async def sign_in(
    session: AsyncSession, account: Account, checked: tuple[bool, str | None], client: Client, kind: Kind
) -> SignIn:
    """Opens a session, or counts the failure.

    Raises the same BadCredentials for an unknown name, a wrong password, an inactive user and a throttled account;
    SecondFactorRequired when the password is right and not enough.
    """
    right, fresh_hash = checked
    counts = await throttle.lock_counts(session, account.attempt)
    if not right or account.user_id is None or counts.waits(account.attempt.account):
        await throttle.count_failure(session, counts)
        await emit(session, None, _failed(account, client))
        note_refused_sign_in("password")
        raise BadCredentials(_(MAY_WAIT) if counts.are_several(account.attempt) else "")
    await throttle.forget(session, account.attempt)
    await require_second_factor(session, account.user_id, account.hashed_password, fresh_hash)
    return await open_session(session, account.user_id, client, kind, account.hashed_password, fresh_hash)


def _failed(account: Account, client: Client) -> events.LoginFailed:
    about = {"subject_id": account.user_id or 0, "subject_name": account.name}
    return events.LoginFailed(**about, device=client.user_agent[:200])


async def open_session(
    session: AsyncSession,
    user_id: int,
    client: Client,
    kind: Kind,
    proven_hash: str | None = None,
    fresh_hash: str | None = None,
    proven_at: datetime | None = None,
) -> SignIn:
    """Opens a session for an authenticated user. It has a fixed lifetime, seven days by default, never extended.

    `proven_hash` is the hash that the password was checked against. If it has changed since, the check is void.
    `proven_at` is when the user proved who they are, if that was not now.
    """
    changes: dict[str, Any] = {"last_login_at": func.now(), "updated_at": User.updated_at}
    if fresh_hash:
        changes["hashed_password"] = fresh_hash
    person = (
        await session.execute(
            update(User)
            .where(
                col(User.id) == user_id, col(User.kind) == "person", col(User.is_active), col(User.deleted_at).is_(None)
            )
            .where(col(User.hashed_password) == proven_hash if proven_hash else true())
            .values(changes)
            .returning(*PERSON, col(User.auth_version))
            .execution_options(synchronize_session=False)
        )
    ).first()
    if person is None:
        raise BadCredentials
    forget_person(session, user_id)
    user = SignedInUser(**person_fields(person))
    await _emit_signed_in(session, user, client, kind)
    cookie = new_token()
    row = AuthSession(
        user_id=user_id,
        kind=kind,
        auth_version=person.auth_version,
        user_agent=client.user_agent[:300],
        ip=client.ip,
        expires_at=datetime.now(UTC) + timedelta(days=instance_settings().session_days),
    )
    if proven_at is not None:
        row.verified_at = proven_at
    if kind == "browser":
        row.token_hash = token_hash(cookie)
        session.add(row)
        await session.flush()
        return SignIn(_id(row), cookie, throttle.device_after_sign_in(user_id, client.device), None, user.language)
    refresh_token = _first_refresh_token(row.family)
    row.refresh_hash = token_hash(refresh_token)
    session.add(row)
    await session.flush()
    access_token, life = new_access_token(user_id, row.family)
    answer = LoginAnswer(
        access_token=access_token,
        expires_in=life,
        refresh_token=refresh_token,
        user=user,
    )
    return SignIn(_id(row), "", "", answer)


async def _emit_signed_in(session: AsyncSession, user: SignedInUser, client: Client, kind: Kind) -> None:
    actor = Actor(user.id, user.username, user.full_name, user.is_superuser, ip=client.ip, request_id=client.request_id)
    about = {"subject_id": user.id, "subject_name": actor.display_name}
    await emit(session, actor, events.UserLoggedIn(**about, kind=kind, device=client.user_agent[:200]))


def _id(row: AuthSession) -> int:
    if row.id is None:
        raise RuntimeError("the session row was not flushed")
    return row.id


def _first_refresh_token(family: UUID) -> str:
    return f"{family.hex}.{new_token()}"


def _successor(token: str, issued: bytes) -> str:
    """Returns the next refresh token. Derived from this one, so a repeated call in the grace period gets the same.

    `issued` is the hash of the session's token: the successor under the previous secret key may be out already.
    """
    family = token.partition(".")[0]
    successors = [f"{family}.{derived}" for derived in keyed_tokens("refresh", token)]
    return next((found for found in successors if same(token_hash(found).hex(), issued.hex())), successors[0])


async def refresh(session: AsyncSession, token: str) -> TokenPair:
    """Rotates a refresh token. The previous one works for 10 s more, for lost responses; older ones end the session."""
    try:
        family = UUID(hex=token.partition(".")[0])
    except ValueError:
        raise NotSignedIn from None
    found = await session.execute(
        select(AuthSession, col(User.id))
        .join(User, col(User.id) == col(AuthSession.user_id))
        .where(col(AuthSession.family) == family, col(AuthSession.kind) == "api", *is_valid())
        .with_for_update(of=AuthSession)
    )
    row = found.scalars().first()
    if row is None or row.refresh_hash is None:
        raise NotSignedIn
    given, successor = token_hash(token), _successor(token, row.refresh_hash)
    now = await throttle.database_now(session)
    if same(given.hex(), row.refresh_hash.hex()):
        row.previous_refresh_hash, row.refresh_hash = given, token_hash(successor)
        row.rotated_at = row.last_used_at = now
    elif not (row.previous_refresh_hash == given and row.rotated_at and now - row.rotated_at <= REFRESH_GRACE):
        await revoke(session, None, col(AuthSession.id) == row.id, "refresh token reused")
        raise TokenReused
    access_token, life = new_access_token(row.user_id, family)
    return TokenPair(access_token=access_token, expires_in=life, refresh_token=successor)


async def revoke(session: AsyncSession, actor: Actor | None, which: ColumnElement[bool], reason: str) -> int:
    """Ends the sessions that match and returns their number. Sessions end early only through this function."""
    ended = await session.execute(
        update(AuthSession)
        .where(which, col(AuthSession.revoked_at).is_(None), col(User.id) == col(AuthSession.user_id))
        .values(revoked_at=func.now(), revoked_reason=reason)
        .returning(_sessions.id, _sessions.user_id, display_name_sql(User))
        .execution_options(synchronize_session=False)
    )
    of_person: dict[tuple[int, str], list[int]] = {}
    for session_id, user_id, name in ended:
        of_person.setdefault((user_id, name), []).append(session_id)
    for (user_id, name), sessions in of_person.items():
        forget_person(session, user_id)
        about = {"subject_id": user_id, "subject_name": name}
        await emit(session, actor, events.SessionRevoked(**about, sessions=sorted(sessions), reason=reason))
    return sum(map(len, of_person.values()))


async def revoke_user(session: AsyncSession, actor: Actor | None, user_id: int, reason: str, keep: int = 0) -> int:
    """Ends all sessions of a user except `keep`, and lets nobody act as them any longer."""
    acting = update(AuthSession).where(col(AuthSession.acting_for_id) == user_id)
    await session.execute(
        acting.values(acting_for_id=None, acting_until=None).execution_options(synchronize_session=False)
    )
    return await revoke(session, actor, (col(AuthSession.user_id) == user_id) & (col(AuthSession.id) != keep), reason)


async def sign_out(session: AsyncSession, actor: Actor) -> None:
    await revoke(session, actor, col(AuthSession.id) == actor.session_id, "signed out")


async def sign_out_everywhere(session: AsyncSession, actor: Actor) -> None:
    require_own(actor, "sessions.end")
    await revoke_user(session, actor, actor.user_id, "signed out everywhere")


async def end_other_sessions(session: AsyncSession, actor: Actor, user_id: int) -> int:
    """Ends the sessions of a user except the current one, and returns their number: your own, or anybody's as a
    superuser. Raises NotFound for others."""
    require_own(actor, "sessions.end")
    if user_id != actor.user_id and not actor.is_superuser:
        raise NotFound
    return await revoke_user(session, actor, user_id, f"ended by {actor.username}", keep=actor.session_id)


async def revoke_session(session: AsyncSession, actor: Actor, session_id: int) -> None:
    """Ends one session: your own, or any session as a superuser. Raises NotFound for others."""
    require_own(actor, "sessions.end")
    which = col(AuthSession.id) == session_id
    if not actor.is_superuser:
        which &= col(AuthSession.user_id) == actor.user_id
    if not await revoke(session, actor, which, f"ended by {actor.username}"):
        raise NotFound
