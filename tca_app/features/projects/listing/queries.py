"""The list of projects: its filters and orders, for the projects that the actor may see."""

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, bindparam, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.cache.local import LocalCache
from tca_app.core.database.lists import read_page, total_of
from tca_app.core.database.pagination import Page, matching
from tca_app.core.database.session import cached_read
from tca_app.core.database.sorting import order_by
from tca_app.core.display_name import display_name_sql
from tca_app.core.filters import times_of
from tca_app.features.projects import policy
from tca_app.features.projects.queries import ACTOR, COLUMNS, member_count, my_role, project_read, visible
from tca_app.features.projects.schemas import ProjectFilter, ProjectQuery, ProjectRead
from tca_app.features.users.trash import deleter_name
from tca_app.models import GroupMember, Project, ProjectGroup, ProjectMember, User

_projects, _members, _people = Project.__table__.c, ProjectMember.__table__.c, User.__table__.c
_me = ProjectMember.__table__.alias("me")
_owner = User.__table__.alias("owner")
# Few users do not count. Leaving them out by a hash takes half as long as a join with all others.
_not_counted = select(_people.id).where(_people.deleted_at.is_not(None) | (_people.kind != "person"))
_sizes = (
    select(_members.project_id, func.count().label("size"))
    .where(_members.user_id.not_in(_not_counted))
    .group_by(_members.project_id)
    .subquery("sizes")
)
_SORTS: dict[str, ColumnElement[Any]] = {
    **{name: _projects[name] for name in ("created_at", "updated_at", "slug", "status", "deleted_at")},
    "name": func.lower(_projects.name),
    "owner": func.lower(display_name_sql(_owner.c)),
    "deleted_by": deleter_name("project", Project.__table__),
    "member_count": func.coalesce(_sizes.c.size, 0),
    "my_role": func.array_position(literal(list(policy.RANK)), _me.c.role),
}
# Outer joins by a key: PostgreSQL leaves them out of the statement that only counts.
_JOINED: dict[str, tuple[FromClause, ColumnElement[bool]]] = {
    "owner": (_owner, _owner.c.id == _projects.owner_id),
    "member_count": (_sizes, _sizes.c.project_id == _projects.id),
    "my_role": (_me, (_me.c.project_id == _projects.id) & (_me.c.user_id == ACTOR)),
}
_used = ProjectGroup.__table__.c
_in_own_groups = _used.group_id.in_(
    select(GroupMember.__table__.c.group_id).where(GroupMember.__table__.c.user_id == ACTOR)
)
FILTERS: dict[str, ColumnElement[bool]] = {
    "status": _projects.status.in_(bindparam("status", expanding=True)),
    "owner_id": _projects.owner_id.in_(bindparam("owner_id", expanding=True)),
    "member_id": _projects.id.in_(
        select(_members.project_id).where(_members.user_id.in_(bindparam("member_id", expanding=True)))
    ),
    "my_role": _projects.id.in_(
        select(_members.project_id).where(
            _members.user_id == ACTOR, _members.role.in_(bindparam("my_role", expanding=True))
        )
    ),
    "since": _projects.created_at >= bindparam("since"),
    "until": _projects.created_at < bindparam("until"),
}
_NULLABLE = ("my_role", "deleted_by")
_NAMES = (*FILTERS, "group_id")
_cache: LocalCache[Page[ProjectRead]] = LocalCache(500, drop_on_write=True)


async def list_projects(session: AsyncSession, actor: Actor, query: ProjectQuery) -> Page[ProjectRead]:
    """Returns a page of the projects that the actor may see. The total counts no others."""
    policy.require(actor, "projects.list")
    key = f"{actor.user_id} {actor.is_superuser} {query.model_dump_json()}"
    tags = ("projects", "users", "groups")
    return await cached_read(session, _cache, key, tags, lambda: _read_list(session, actor, query))


async def _read_list(session: AsyncSession, actor: Actor, query: ProjectQuery) -> Page[ProjectRead]:
    chosen = (actor.is_superuser, filters_of(query), query.mine, query.deleted)
    if query.search:
        found = await matching(session, Project.__table__, query.search)
        statement, total = paged(select_projects(*chosen).where(*found), query.sort, is_search=True)
    else:
        statement, total = _unsearched(*chosen, query.sort)
    values = values_of(actor, query) | {"skip": query.skip, "limit": query.limit, "search": query.search}
    return await read_page(session, statement, values, total, lambda rows: [project_read(row._mapping) for row in rows])


def filters_of(query: ProjectFilter) -> tuple[str, ...]:
    """Returns the names of the filters that are set."""
    return tuple(name for name in _NAMES if getattr(query, name))


def values_of(actor: Actor, query: ProjectFilter) -> dict[str, Any]:
    """Returns the values of the parameters of a list."""
    return {**query.model_dump(include=set(_NAMES)), **times_of(query), ACTOR.key: actor.user_id}


@lru_cache(maxsize=256)
def select_projects(all_projects: bool, filters: tuple[str, ...], mine: bool, deleted: bool) -> Select[Any]:
    """Returns the statement of a list without an order. Cached, because building it takes as long as running it."""
    rows = select(*COLUMNS).select_from(Project.__table__).where(visible(all_projects))
    rows = rows.where(*_of_teams(all_projects, mine=mine, has_groups="group_id" in filters))
    rows = rows.where(_projects.deleted_at.is_not(None) if deleted else _projects.deleted_at.is_(None))
    if deleted and not all_projects:
        rows = rows.where(_projects.owner_id == ACTOR)
    return rows.where(*(FILTERS[name] for name in filters if name in FILTERS))


def known_groups(all_groups: bool) -> list[ColumnElement[bool]]:
    """Returns the condition of the groups by which the actor may filter: all, or those that they are in."""
    return [] if all_groups else [_in_own_groups]


def _of_teams(all_projects: bool, *, mine: bool, has_groups: bool) -> list[ColumnElement[bool]]:
    """Returns the condition of the actor's own projects, of those with one of the groups, or of either."""
    teams = [visible(all_projects=False)] if mine else []
    if has_groups:
        chosen = (_used.group_id.in_(bindparam("group_id", expanding=True)), *known_groups(all_projects))
        teams.append(_projects.id.in_(select(_used.project_id).where(*chosen)))
    return [or_(*teams)] if teams else []


@lru_cache(maxsize=256)
def _unsearched(
    all_projects: bool, filters: tuple[str, ...], mine: bool, deleted: bool, sort: str
) -> tuple[Select[Any], Select[Any]]:
    return paged(select_projects(all_projects, filters, mine, deleted), sort, is_search=False)


def ordered(chosen: Select[Any], sort: str) -> Select[Any]:
    """Adds the order, and the join that it needs."""
    name = sort.removeprefix("-")
    rows = chosen.outerjoin(*_JOINED[name]) if name in _JOINED else chosen
    return rows.order_by(*order_by(_SORTS, sort, _projects.id, nullable=_NULLABLE))


def paged(chosen: Select[Any], sort: str, *, is_search: bool) -> tuple[Select[Any], Select[Any]]:
    """Returns two statements: a page with the total as its last column, and the total alone.

    The joins and the role are outside the page, so that they run for its rows and not for every row that is counted,
    sorted or skipped.
    """
    name = sort.removeprefix("-")
    total = total_of(chosen, is_search=is_search)
    rows = ordered(chosen, sort).add_columns(_SORTS[name].label("sort_key"))
    page = rows.offset(bindparam("skip")).limit(bindparam("limit")).subquery("page")
    shown = (column for column in page.c if column.name != "sort_key")
    person = User.__table__.alias("person")
    owner = (person.c.username, person.c.full_name)
    columns = (*shown, *owner, member_count(page.c.id), my_role(page.c.id), total.scalar_subquery())
    statement = select(*columns).select_from(page.join(person, person.c.id == page.c.owner_id))
    return statement.order_by(*order_by({name: page.c.sort_key}, sort, page.c.id, nullable=_NULLABLE)), total
