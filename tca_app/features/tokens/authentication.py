"""Authenticates API tokens: from the database, with a short local cache that follows every revocation."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import SQLCoreOperations
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.cache.local import LocalCache
from tca_app.core.database.session import after_commit
from tca_app.core.display_name import display_name
from tca_app.core.errors import NotSignedIn
from tca_app.core.security.api_tokens import is_well_formed
from tca_app.core.security.scopes import including
from tca_app.core.security.tokens import token_hash
from tca_app.features.auth import factor_requirement
from tca_app.features.auth.callers import PERSON, actor_of, person_fields
from tca_app.features.auth.factor_requirement import WithoutFactor
from tca_app.features.auth.queries import TOUCH_AFTER
from tca_app.features.auth.schemas import SignedInUser
from tca_app.features.auth.service import Caller, Client
from tca_app.models import ApiToken, Project, User

Network = IPv4Network | IPv6Network
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Found:
    person: SignedInUser
    without_factor: WithoutFactor | None
    token_id: int
    token_name: str
    project_id: int
    scopes: frozenset[str]
    networks: tuple[Network, ...]
    touch_at: datetime
    expires_at: datetime


token_cache: LocalCache[_Found] = LocalCache(10_000)


def is_live() -> tuple[SQLCoreOperations[bool], ...]:
    """Returns the condition of a token that is neither revoked nor expired."""
    return (
        col(ApiToken.revoked_at).is_(None),
        or_(col(ApiToken.expires_at).is_(None), col(ApiToken.expires_at) > func.now()),
    )


def is_usable() -> tuple[SQLCoreOperations[bool], ...]:
    """Returns the condition of a live token whose account is active and whose project is not in the trash."""
    return (
        *is_live(),
        col(User.is_active),
        col(User.deleted_at).is_(None),
        col(Project.deleted_at).is_(None),
    )


@lru_cache(maxsize=1)
def _usable() -> Select[*tuple[Any, ...]]:
    """Returns the statement of usable tokens. Cached, because building it takes longer than running it."""
    columns = (ApiToken.name, ApiToken.scopes, ApiToken.allowed_networks, ApiToken.expires_at, ApiToken.last_used_at)
    return (
        select(
            *PERSON,
            *factor_requirement.COLUMNS,
            *map(col, columns),
            col(ApiToken.id).label("token_id"),
            col(ApiToken.project_id),
        )
        .join(User, col(User.id) == col(ApiToken.user_id))
        .outerjoin(Project, col(Project.id) == col(ApiToken.project_id))
        .where(*is_usable())
    )


@lru_cache(maxsize=1)
def _by_hash() -> Select[*tuple[Any, ...]]:
    return _usable().where(col(ApiToken.token_hash) == bindparam("token_hash"))


def known_token(token: str, client: Client) -> Caller | None:
    """Returns the caller from the local cache, which follows every change, or None; then call `resolve_token`."""
    found = token_cache.get(_key(token))
    return _caller(found, client) if found and found.expires_at > datetime.now(UTC) else None


async def resolve_token(session: AsyncSession, token: str, client: Client) -> Caller:
    """Returns the caller behind an API token. Raises NotSignedIn, the same for every reason."""
    if not is_well_formed(token):
        raise NotSignedIn
    generation = token_cache.generation
    row = (await session.execute(_by_hash(), {"token_hash": token_hash(token)})).first()
    if row is None:
        raise NotSignedIn
    found = _found(row)
    tags = [f"token:{found.token_id}", f"user:{found.person.id}"]
    tags += [f"project:{found.project_id}"] if found.project_id else []
    token_cache.put(_key(token), found, tags, generation)
    return _caller(found, client)


async def actor_of_token(session: AsyncSession, token_id: int) -> Actor | None:
    """Returns a token as the actor of a job that it started, with its rights of now, or None when it works no more."""
    row = (await session.execute(_usable().where(col(ApiToken.id) == token_id))).first()
    return _actor(_found(row), Client("", "")) if row else None


def _key(token: str) -> str:
    return token_hash(token).hex()


def _found(row: Row[*tuple[Any, ...]]) -> _Found:
    scopes = including(row.scopes)
    person = SignedInUser(**person_fields(row) | {"is_superuser": row.is_superuser and "admin" in scopes})
    return _Found(
        person=person,
        without_factor=WithoutFactor.of(row),
        token_id=row.token_id,
        # That of a project appears elsewhere as its account, under the name of the token alone.
        token_name=row.name if row.project_id else f"{row.name} ({display_name(row)})",
        project_id=row.project_id or 0,
        scopes=scopes,
        networks=tuple(ip_network(network) for network in row.allowed_networks),
        touch_at=_touch_at(row.last_used_at),
        expires_at=row.expires_at or NEVER,
    )


def _touch_at(last_used_at: datetime | None) -> datetime:
    return last_used_at + TOUCH_AFTER if last_used_at else datetime.min.replace(tzinfo=UTC)


def _caller(found: _Found, client: Client) -> Caller:
    """Returns the caller. Raises NotSignedIn for an address from which the token does not work."""
    if found.networks and not _is_within(client.ip, found.networks):
        raise NotSignedIn
    return Caller(_actor(found, client), found.person, found.touch_at < datetime.now(UTC))


def _actor(found: _Found, client: Client) -> Actor:
    return replace(
        actor_of(found.person, client),
        second_factor_due=factor_requirement.due(found.without_factor),
        token_id=found.token_id,
        token_name=found.token_name,
        token_project_id=found.project_id,
        scopes=found.scopes,
    )


def _is_within(ip: str, networks: Iterable[Network]) -> bool:
    try:
        address = ip_address(ip)
    except ValueError:  # a Unix socket has no address
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


async def touch_token(session: AsyncSession, token_id: int) -> None:
    """Records that a token was used just now, at most once a minute however many processes use it."""
    is_due: ColumnElement[bool] = or_(
        col(ApiToken.last_used_at).is_(None), col(ApiToken.last_used_at) < func.now() - TOUCH_AFTER
    )
    await session.execute(
        update(ApiToken)
        .where(col(ApiToken.id) == token_id, is_due)
        .values(last_used_at=func.now(), updated_at=ApiToken.updated_at)
        .execution_options(synchronize_session=False)
    )
    after_commit(session, lambda: token_cache.drop(f"token:{token_id}"))
