"""Queries for users. They select columns, never table rows, so that no password hash can leak."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.cache.local import LocalCache
from tca_app.core.database.days import in_days
from tca_app.core.database.lists import read_page, to_reads, total_of
from tca_app.core.database.pagination import Page, contains, matching, page_of
from tca_app.core.database.session import cached_read
from tca_app.core.database.sorting import order_by
from tca_app.core.errors import InsufficientScope, NotFound
from tca_app.core.filters import end_of
from tca_app.features.users import policy
from tca_app.features.users.schemas import (
    MembershipQuery,
    MembershipRead,
    PersonRead,
    UserFilter,
    UserQuery,
    UserRead,
    UserSort,
)
from tca_app.features.users.trash import deleter_name
from tca_app.models import Project, ProjectMember, User

_cache: LocalCache[Any] = LocalCache(500, drop_on_write=True)
DIRECTORY_SIZE = 20
MEMBERSHIPS = 100
# Columns of the table: a select of mapped attributes takes one and a half times as long.
_users, _projects, _members = User.__table__.c, Project.__table__.c, ProjectMember.__table__.c
COLUMNS = tuple(_users[name] for name in UserRead.model_fields)
_PERSON = tuple(_users[name] for name in PersonRead.model_fields)
_SORTS: dict[str, Any] = {
    "created_at": _users.created_at,
    "username": func.lower(_users.username),
    "email": _users.email,
    "full_name": func.lower(_users.full_name),
    "last_login_at": _users.last_login_at,
    "is_superuser": _users.is_superuser,
    "is_active": _users.is_active,
    "deleted_at": _users.deleted_at,
    "deleted_by": deleter_name("user", User.__table__),
}
# A role is more than those before it, as in the lists of projects and members.
_ROLES = ("viewer", "deployer", "maintainer", "owner")
_MEMBERSHIP_SORTS: dict[str, Any] = {
    "name": func.lower(_projects.name),
    "role": func.array_position(literal(list(_ROLES)), _members.role),
    "status": _projects.status,
}
_IS_PERSON = _users.kind == "person"  # service accounts are shown as tokens, never as users
_ONE = select(*COLUMNS).where(_users.id == bindparam("user_id"), _users.deleted_at.is_(None), _IS_PERSON)
_ACTIVE = select(*_PERSON, _users.is_superuser).where(
    _users.id == bindparam("user_id"), _users.deleted_at.is_(None), _IS_PERSON, _users.is_active
)


def user_read(row: Row[*tuple[Any, ...]]) -> UserRead:
    return to_reads(UserRead, [row])[0]


async def get_user(session: AsyncSession, actor: Actor, user_id: int) -> UserRead:
    """Returns one user who is not in the trash. Raises NotFound, also when the actor may not see the user."""
    policy.require(actor, "users.read", user_id)

    async def read() -> UserRead:
        row = (await session.execute(_ONE, {"user_id": user_id})).first()
        if row is None:
            raise NotFound
        return user_read(row)

    return await cached_read(session, _cache, f"user:{user_id}", (f"user:{user_id}",), read)


async def list_users(session: AsyncSession, actor: Actor, query: UserQuery) -> Page[UserRead]:
    """Returns a page of users, or of the trash. The id breaks ties, so the order is total."""
    policy.require(actor, "users.list")
    key = query.model_dump_json()
    return await cached_read(session, _cache, key, ("users",), lambda: _read_list(session, query))


async def _read_list(session: AsyncSession, query: UserQuery) -> Page[UserRead]:
    if query.search or query.since or query.until or query.existed_on:
        statement, total = _paged(await select_matching(session, query), is_search=bool(query.search))
    else:
        statement, total = _unsearched(query.is_active, query.is_superuser, query.deleted, query.sort)
    values = query.model_dump(include={"skip", "limit", "search"})
    return await read_page(session, statement, values, total, lambda rows: to_reads(UserRead, rows))


async def select_matching(session: AsyncSession, query: UserFilter) -> Select[Any]:
    """Returns the statement of a list under all its filters."""
    if query.existed_on is None:
        chosen = select_users(query.is_active, query.is_superuser, query.deleted, query.sort)
    else:
        chosen = _existing_on(query, end_of(query.existed_on))
    chosen = chosen.where(*in_days(_users.created_at, query))
    return chosen.where(*await matching(session, User.__table__, query.search)) if query.search else chosen


def _existing_on(query: UserFilter, end: datetime) -> Select[Any]:
    """Selects who existed at a time: the trash has those who were deleted since."""
    there = (_users.created_at < end) & or_(_users.deleted_at.is_(None), _users.deleted_at >= end)
    return _select_users(there & _users.erased_at.is_(None), query.is_active, query.is_superuser, query.sort)


@lru_cache(maxsize=256)
def select_users(is_active: bool | None, is_superuser: bool | None, deleted: bool, sort: UserSort) -> Select[Any]:
    """Returns the statement of a list. Cached, because building it takes as long as running it."""
    in_trash = _users.deleted_at.is_not(None) & _users.erased_at.is_(None) if deleted else _users.deleted_at.is_(None)
    return _select_users(in_trash, is_active, is_superuser, sort)


def _select_users(
    listed: ColumnElement[bool], is_active: bool | None, is_superuser: bool | None, sort: UserSort
) -> Select[Any]:
    rows = select(*COLUMNS).where(listed, _IS_PERSON)
    if is_active is not None:
        rows = rows.where(_users.is_active.is_(is_active))
    if is_superuser is not None:
        rows = rows.where(_users.is_superuser.is_(is_superuser))
    return rows.order_by(*order_by(_SORTS, sort, _users.id, nullable=("last_login_at", "deleted_by")))


@lru_cache(maxsize=256)
def _unsearched(
    is_active: bool | None, is_superuser: bool | None, deleted: bool, sort: UserSort
) -> tuple[Select[Any], Select[Any]]:
    return _paged(select_users(is_active, is_superuser, deleted, sort), is_search=False)


def _paged(chosen: Select[Any], *, is_search: bool) -> tuple[Select[Any], Select[Any]]:
    """Returns two statements: a page with the total as its last column, and the total alone."""
    total = total_of(chosen, is_search=is_search)
    statement = chosen.add_columns(total.scalar_subquery()).offset(bindparam("skip")).limit(bindparam("limit"))
    return statement, total


async def search_people(session: AsyncSession, actor: Actor, search: str = "") -> list[PersonRead]:
    """Returns up to 20 active users for a picker. It searches names only, so it reveals no email address."""
    policy.require(actor, "users.directory")
    if not actor.may_pick_people:
        raise InsufficientScope.of("write")
    rows = select(*_PERSON).where(_users.is_active, _users.deleted_at.is_(None), _IS_PERSON)
    if search:
        shown = func.fold_text(_users.username + literal("\n") + _users.full_name)
        in_names, *_ = contains(shown, search)
        rows = rows.where(in_names, *await matching(session, User.__table__, search))
    found = await session.execute(rows.order_by(func.lower(_users.username), _users.id).limit(DIRECTORY_SIZE))
    return to_reads(PersonRead, found)


async def active_actor(session: AsyncSession, user_id: int) -> Actor | None:
    """Returns a person as the actor of a job that they started, with their rights of now, or None when inactive."""
    row = (await session.execute(_ACTIVE, {"user_id": user_id})).first()
    return Actor(row.id, row.username, row.full_name, row.is_superuser) if row else None


async def list_memberships(
    session: AsyncSession,
    actor: Actor,
    user_id: int,
    query: MembershipQuery | None = None,
    limit: int = MEMBERSHIPS,
) -> Page[MembershipRead]:
    """Returns the first projects of a user, by default by name, with the user's role. Leaves out the trash."""
    policy.require(actor, "users.read", user_id)
    rows = (
        select(
            *(_projects.id.label("project_id"), _projects.name, _projects.slug, _projects.status, _members.role),
            *(_projects.color, _projects.emoji),
        )
        .join(ProjectMember.__table__, _members.project_id == _projects.id)
        .where(_members.user_id == user_id, _projects.deleted_at.is_(None))
        .order_by(*order_by(_MEMBERSHIP_SORTS, (query or MembershipQuery()).sort, _projects.id))
    )
    found, total, _ = await page_of(session, rows, skip=0, limit=limit)
    return Page(to_reads(MembershipRead, found), total)
