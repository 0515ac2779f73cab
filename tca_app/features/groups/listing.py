"""The list of groups: its pages, the counts of its filters, and its file."""

from typing import Any, Literal

from sqlalchemy import ColumnElement, FromClause, Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.days import in_days
from tca_app.core.database.lists import to_reads
from tca_app.core.database.pagination import Page, contains, page_of
from tca_app.core.database.similar import MAX_SIMILAR, resembles
from tca_app.core.database.sorting import order_by
from tca_app.core.display_name import display_name_sql
from tca_app.core.facets import Facets
from tca_app.core.lists.counts import count_values, labels_of
from tca_app.features.groups import policy
from tca_app.features.groups.schemas import GroupFilter, GroupQuery, GroupRead
from tca_app.models import Group, GroupMember, Project, ProjectGroup, User

MAX_GROUPS = 1_000
GroupField = Literal["user_id", "project_id"]
COLUMNS = ("id", "name", "description", "member_count", "project_count", "created_at", "updated_at")
_GROUPS = Group.__table__
_groups, _members, _used = _GROUPS.c, GroupMember.__table__.c, ProjectGroup.__table__.c
_users, _projects = User.__table__.c, Project.__table__.c


def _count(column: ColumnElement[int]) -> ColumnElement[int]:
    return select(func.count()).where(column == _groups.id).correlate(_GROUPS).scalar_subquery()


_PEOPLE, _IN = _count(_members.group_id), _count(_used.group_id)
_SHOWN = func.fold_text(_groups.name + literal("\n") + _groups.description)
GROUPS = select(*_groups, _PEOPLE.label("member_count"), _IN.label("project_count"))
_SORTS = {
    "name": func.lower(_groups.name),
    "member_count": _PEOPLE,
    "project_count": _IN,
    "created_at": _groups.created_at,
}
# The table between a group and what it is filtered by, that itself, and the id and the name of it.
_FIELDS: dict[GroupField, tuple[FromClause, FromClause, ColumnElement[int], ColumnElement[str]]] = {
    "user_id": (GroupMember.__table__, User.__table__, _users.id, display_name_sql(_users)),
    "project_id": (ProjectGroup.__table__, Project.__table__, _projects.id, _projects.name),
}


async def list_groups(session: AsyncSession, actor: Actor, query: GroupFilter | None = None) -> list[GroupRead]:
    """Returns all groups, by default by name, for everybody who is signed in: a maintainer adds one to a project."""
    rows = _ordered(actor, query or GroupFilter()).limit(MAX_GROUPS)
    return to_reads(GroupRead, (await session.execute(rows)).all())


async def list_group_page(session: AsyncSession, actor: Actor, query: GroupQuery) -> Page[GroupRead]:
    """Returns a page of groups."""
    found, total, capped = await page_of(session, _ordered(actor, query), skip=query.skip, limit=query.limit)
    return Page(to_reads(GroupRead, found), total, capped)


async def find_similar(session: AsyncSession, actor: Actor, text: str) -> list[GroupRead]:
    """Returns groups whose name or description has the letters of each word of `text` in their order, by name."""
    similar = _ordered(actor, GroupFilter()).where(resembles(text, _SHOWN.like)).limit(MAX_SIMILAR)
    return to_reads(GroupRead, (await session.execute(similar)).all())


async def count_groups(
    session: AsyncSession, actor: Actor, query: GroupFilter, field: GroupField, search: str = ""
) -> Facets:
    """Returns the people or projects with the most groups, under the other filters. For administrators."""
    policy.require(actor)
    *_, value, label = _FIELDS[field]
    return await count_values(
        session, _joined(actor, query.model_copy(update={field: []}), field), value, label, search
    )


async def group_filter_names(session: AsyncSession, actor: Actor, field: GroupField, ids: list[int]) -> dict[str, str]:
    """Returns the names of people or projects of groups, by id. For administrators."""
    policy.require(actor)
    *_, value, label = _FIELDS[field]
    return await labels_of(session, _joined(actor, GroupFilter(), field).where(value.in_(ids)), value, label)


def _joined(actor: Actor, query: GroupFilter, field: GroupField) -> Select[Any]:
    between, other, value, _ = _FIELDS[field]
    rows = _chosen(actor, query).join(between, between.c.group_id == _groups.id)
    return rows.join(other, value == between.c[field]).where(other.c.deleted_at.is_(None))


def _ordered(actor: Actor, query: GroupFilter) -> Select[Any]:
    return _chosen(actor, query).order_by(*order_by(_SORTS, query.sort, _groups.id))


def _chosen(actor: Actor, query: GroupFilter) -> Select[Any]:
    if query.user_id or query.project_id:
        policy.require(actor)
    rows = GROUPS
    if query.search:
        rows = rows.where(contains(_SHOWN, query.search)[0])
    if query.user_id:
        rows = rows.where(_groups.id.in_(select(_members.group_id).where(_members.user_id.in_(query.user_id))))
    if query.project_id:
        rows = rows.where(_groups.id.in_(select(_used.group_id).where(_used.project_id.in_(query.project_id))))
    return rows.where(*in_days(_groups.created_at, query))
