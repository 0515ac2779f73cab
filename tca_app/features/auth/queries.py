"""Queries of sign-in: the session behind a cookie or token, on every request, and the list of open sessions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Interval, Row, Select, and_, bindparam, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import SQLCoreOperations
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.cache.local import LocalCache
from tca_app.core.database.session import after_commit
from tca_app.core.database.sorting import order_by
from tca_app.core.display_name import display_name
from tca_app.core.errors import NotFound, NotSignedIn
from tca_app.core.instance import InstanceSettings, instance_settings
from tca_app.core.security.tokens import read_access_token, token_hash
from tca_app.features.auth import factor_requirement
from tca_app.features.auth.callers import PERSON, Caller, Client, actor_of, person_fields
from tca_app.features.auth.factor_requirement import HAS_FACTOR, WithoutFactor
from tca_app.features.auth.policy import require_own
from tca_app.features.auth.schemas import SessionQuery, SessionRead, SignedInUser
from tca_app.models import AuthSession, User
from tca_app.models.base import UTC_TIME

TOUCH_AFTER = timedelta(minutes=1)

_acted = User.__table__.alias("acted")


def ends_at() -> ColumnElement[datetime]:
    """Returns when a session expires: at its absolute end or, for a browser, after it was idle for too long.

    A shorter lifetime in the instance settings also ends sessions that are open already.
    """
    life = _lifetime("session_life", lambda settings: timedelta(days=settings.session_days))
    idle = _lifetime("session_idle", lambda settings: timedelta(minutes=settings.session_idle_minutes))
    end = col(AuthSession.created_at) + life
    # NULL for others: least() ignores it.
    idle_end = case((col(AuthSession.kind) == "browser", col(AuthSession.last_used_at) + idle))
    return func.least(AuthSession.expires_at, end, idle_end, type_=UTC_TIME)


def _lifetime(name: str, of: Callable[[InstanceSettings], timedelta]) -> BindParameter[timedelta]:
    """Returns a parameter that is read at each execution, because the statement is cached."""
    return bindparam(name, callable_=lambda: of(instance_settings()), type_=Interval)


def is_valid() -> tuple[SQLCoreOperations[bool], ...]:
    """Returns the condition of a valid session: not revoked, not expired, not idle, and its user may sign in."""
    return (
        col(AuthSession.revoked_at).is_(None),
        ends_at() > func.now(),
        col(AuthSession.auth_version) == col(User.auth_version),
        col(User.is_active),
        col(User.deleted_at).is_(None),
    )


def _is_acting() -> ColumnElement[bool]:
    """Returns the condition of the user whom the administrator of a session acts as now."""
    return and_(
        _acted.c.id == col(AuthSession.acting_for_id),
        col(AuthSession.acting_until) > func.now(),
        col(User.is_superuser),
        _acted.c.is_active,
        _acted.c.deleted_at.is_(None),
        _acted.c.is_superuser.is_(False),
        _acted.c.kind == "person",
    )


@lru_cache(maxsize=2)
def _session_by(column: str) -> Select[*tuple[Any, ...]]:
    """Returns the statement that every request runs. Cached, because building it takes longer than running it."""
    return (
        select(
            *PERSON,
            *factor_requirement.COLUMNS,
            col(AuthSession.id).label("session_id"),
            col(AuthSession.last_used_at),
            ends_at().label("ends_at"),
            col(AuthSession.acting_until),
        )
        .join(User, col(User.id) == col(AuthSession.user_id))
        .where(getattr(AuthSession, column) == bindparam("value"), *is_valid())
    )


@lru_cache(maxsize=1)
def _acted_by() -> Select[*tuple[Any, ...]]:
    """Returns the statement for the user whom the administrator of a session acts as."""
    return (
        select(*(_acted.c[name] for name in SignedInUser.model_fields))
        .select_from(AuthSession)
        .join(User, col(User.id) == col(AuthSession.user_id))
        .join(_acted, _is_acting())
        .where(col(AuthSession.id) == bindparam("session_id"))
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What is cached of a session. With `acting_id`, that administrator acts as the person."""

    person: SignedInUser
    without_factor: WithoutFactor | None
    session_id: int
    touch_at: datetime
    ends_at: datetime
    acting_id: int = 0
    acting_name: str = ""
    acting_until: datetime | None = None


session_cache: LocalCache[_Found] = LocalCache(10_000)


_ANYWHERE = Client()


def _caller(found: _Found, client: Client) -> Caller:
    person = found.person
    actor = replace(
        actor_of(person, client),
        session_id=found.session_id,
        must_change_password=person.must_change_password and not found.acting_id,
        second_factor_due=factor_requirement.due(found.without_factor),
        acting_id=found.acting_id,
        acting_name=found.acting_name,
        acting_until=found.acting_until,
        language=None if found.acting_id else person.language,  # the administrator reads it
    )
    return Caller(actor, person, found.touch_at < datetime.now(UTC))


async def _resolve(session: AsyncSession, column: str, value: UUID | bytes, key: str, client: Client) -> Caller | None:
    generation = session_cache.generation
    row = (await session.execute(_session_by(column), {"value": value})).first()
    if row is None:
        return None
    person = SignedInUser(**person_fields(row))
    found = _Found(person, WithoutFactor.of(row), row.session_id, row.last_used_at + TOUCH_AFTER, row.ends_at)
    if row.acting_until is not None:
        found = await _as_acted(session, found, row.acting_until)
    tags = (f"user:{row.id}", f"user:{found.person.id}", f"session:{found.session_id}")
    session_cache.put(key, found, tags, generation)
    return _caller(found, client)


async def _as_acted(session: AsyncSession, own: _Found, until: datetime) -> _Found:
    """Returns the session as that of the user whom its administrator acts as, or as it is when that has ended."""
    acted = (await session.execute(_acted_by(), {"session_id": own.session_id})).first()
    if acted is None:
        return own
    return replace(
        own,
        person=SignedInUser(**person_fields(acted)),
        ends_at=min(own.ends_at, until),
        acting_id=own.person.id,
        acting_name=display_name(own.person),
        acting_until=until,
    )


def _known(key: str, client: Client) -> Caller | None:
    """Returns a cached session unless it has expired: the passing of time invalidates no cache entry."""
    found = session_cache.get(key)
    return _caller(found, client) if found and found.ends_at > datetime.now(UTC) else None


# Each kind of credential has its own keys, so that a token can never find the session of a cookie.
def _bearer_key(access_token: str) -> str:
    return f"bearer:{access_token}"


def _browser_key(cookie: str) -> str:
    return f"browser:{cookie}"


def known_bearer(access_token: str, client: Client) -> Caller | None:
    """Returns the caller from the local cache, which follows every change, or None; then call `resolve_bearer`."""
    return _known(_bearer_key(access_token), client)


async def resolve_bearer(session: AsyncSession, access_token: str, client: Client = _ANYWHERE) -> Caller:
    """Returns the caller of a REST request. Raises NotSignedIn."""
    caller = await _resolve(session, "family", read_access_token(access_token), _bearer_key(access_token), client)
    if caller is None:
        raise NotSignedIn
    return caller


def known_browser(cookie: str, client: Client) -> Caller | None:
    """Like `known_bearer`, for a browser's session cookie; on None call `resolve_browser`."""
    return _known(_browser_key(cookie), client)


async def resolve_browser(session: AsyncSession, cookie: str, client: Client = _ANYWHERE) -> Caller | None:
    """Returns the caller behind a browser's session cookie, or None."""
    if not cookie or len(cookie) > 200:
        return None
    known = known_browser(cookie, client)
    return known or await _resolve(session, "token_hash", token_hash(cookie), _browser_key(cookie), client)


def forget_person(session: AsyncSession, user_id: int) -> None:
    """Drops the cached sessions of a user once the transaction is committed, before the response is sent."""
    after_commit(session, lambda: session_cache.drop(f"user:{user_id}"))


async def live_sessions(session: AsyncSession, session_ids: list[int]) -> dict[int, int]:
    """Returns the sessions that are still valid, each with the id of the user whom its administrator acts as, or 0.

    Their cache entries are renewed, so an open page needs no query; the entries of the others are dropped.
    """
    rows = await session.execute(
        select(
            col(AuthSession.id),
            col(User.version),
            HAS_FACTOR,
            col(AuthSession.last_used_at),
            ends_at().label("ends_at"),
            col(AuthSession.acting_until),
            _acted.c.id.label("acted_id"),
            _acted.c.version.label("acted_version"),
        )
        .join(User, col(User.id) == col(AuthSession.user_id))
        .outerjoin(_acted, _is_acting())
        .where(col(AuthSession.id).in_(session_ids), *is_valid())
    )
    alive = {row.id: row for row in rows}
    for session_id in session_ids:
        if session_id in alive:
            session_cache.renew(f"session:{session_id}", partial(_still_true, alive[session_id]))
        else:
            session_cache.drop(f"session:{session_id}")
    return {session_id: row.acted_id or 0 for session_id, row in alive.items()}


def _still_true(row: Row[*tuple[Any, ...]], found: _Found) -> _Found | None:
    """Whether the cached user is current: every change of a user but those of factors increments the version."""
    if (found.without_factor is None) != row.has_factor:
        return None
    if (found.person.id if found.acting_id else None) != row.acted_id:
        return None
    if found.person.version != (row.acted_version if found.acting_id else row.version):
        return None
    end = min(row.ends_at, row.acting_until) if found.acting_id else row.ends_at
    return replace(found, touch_at=row.last_used_at + TOUCH_AFTER, ends_at=end)


async def touch(session: AsyncSession, session_id: int) -> bool:
    """Records that a session was used just now; callers do so at most once a minute.

    Returns False when the session has ended, even if it is still cached: then the caller is not signed in.
    """
    used = await session.execute(
        update(AuthSession)
        .where(col(AuthSession.id) == session_id, col(User.id) == col(AuthSession.user_id), *is_valid())
        .values(last_used_at=func.now())
        .returning(col(AuthSession.id))
        .execution_options(synchronize_session=False)
    )
    if used.first() is not None:
        return True
    session_cache.drop(f"session:{session_id}")
    return False


_SORTS = {name: AuthSession.__table__.c[name] for name in ("kind", "user_agent", "ip", "created_at", "last_used_at")}


async def list_sessions(session: AsyncSession, actor: Actor, query: SessionQuery) -> list[SessionRead]:
    """Returns your open sessions, by default most recently used first. Superusers may list those of another user."""
    require_own(actor, "sessions.list")
    user_id = query.user_id or actor.user_id
    if user_id != actor.user_id and not actor.is_superuser:
        raise NotFound
    rows = await session.execute(
        select(
            col(AuthSession.id),
            col(AuthSession.kind),
            col(AuthSession.user_agent),
            col(AuthSession.ip),
            col(AuthSession.created_at),
            col(AuthSession.last_used_at),
            col(AuthSession.expires_at),
        )
        .join(User, col(User.id) == col(AuthSession.user_id))
        .where(col(AuthSession.user_id) == user_id, *is_valid())
        .order_by(*order_by(_SORTS, query.sort, AuthSession.__table__.c.id))
        .limit(100)
    )
    return [SessionRead(**row._mapping, is_current=row.id == actor.session_id) for row in rows]
