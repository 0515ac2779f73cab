"""The list of the members of a project: its pages, the counts of its filters, and its file."""

from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, func, literal
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.csv_lines import MAX_ROWS
from tca_app.core.database.days import in_days
from tca_app.core.database.lists import to_reads
from tca_app.core.database.pagination import Page, contains, page_of
from tca_app.core.database.sorting import order_by
from tca_app.core.display_name import display_name_sql
from tca_app.core.facets import Facets
from tca_app.core.lists.counts import NO_LABEL, count_values
from tca_app.features.projects import policy
from tca_app.features.projects.queries import TEAM, get_project
from tca_app.features.projects.schemas import MemberFilter, MemberQuery, MemberRead
from tca_app.models import ProjectMember, User

MemberField = Literal["role", "is_active"]
COLUMNS = ("user_id", "username", "full_name", "is_active", "role", "by_groups", "created_at")
_members, _people = ProjectMember.__table__.c, User.__table__.c
_RANK = func.array_position(literal(list(policy.RANK)), _members.role)
_NAME = func.lower(display_name_sql(_people))
_SORTS = {"name": _NAME, "created_at": _members.created_at}
# Within a role by name, in the other direction.
_BY_ROLE: dict[str, tuple[ColumnElement[Any], ...]] = {
    "-role": (_RANK.desc(), func.lower(_people.username), _people.id),
    "role": (_RANK, func.lower(_people.username).desc(), _people.id.desc()),
}


async def list_members(session: AsyncSession, actor: Actor, project_id: int, query: MemberQuery) -> Page[MemberRead]:
    """Returns the people who are members, by default highest role first. Service accounts are shown as tokens."""
    rows = await _ordered(session, actor, project_id, query)
    found, total, capped = await page_of(session, rows, skip=query.skip, limit=query.limit, search=query.search)
    return Page(to_reads(MemberRead, found), total, capped)


async def find_member_ids(session: AsyncSession, actor: Actor, project_id: int, query: MemberFilter) -> list[int]:
    """Returns the ids of the people in the list, at most 50,000."""
    rows = await _ordered(session, actor, project_id, query)
    return list((await session.execute(rows.with_only_columns(_people.id).limit(MAX_ROWS))).scalars())


async def read_members(
    session: AsyncSession, actor: Actor, project_id: int, query: MemberFilter, ids: list[int]
) -> list[MemberRead]:
    """Returns those of the people who are still in the list."""
    rows = await _chosen(session, actor, project_id, query)
    return to_reads(MemberRead, await session.execute(rows.where(_people.id.in_(ids))))


async def count_members(
    session: AsyncSession, actor: Actor, project_id: int, query: MemberFilter, field: MemberField
) -> Facets:
    """Returns the values of a field with how many members each has, under the other filters."""
    others = query.model_copy(update={field: MemberFilter.model_fields[field].default})
    value = _members.role if field == "role" else _people.is_active
    return await count_values(session, await _chosen(session, actor, project_id, others), value, NO_LABEL)


async def _ordered(session: AsyncSession, actor: Actor, project_id: int, query: MemberFilter) -> Select[Any]:
    order = _BY_ROLE.get(query.sort) or order_by(_SORTS, query.sort, _people.id)
    return (await _chosen(session, actor, project_id, query)).order_by(*order)


async def _chosen(session: AsyncSession, actor: Actor, project_id: int, query: MemberFilter) -> Select[Any]:
    """Selects the list without an order. Raises NotFound, or Forbidden for those who may not see the members."""
    project = await get_project(session, actor, project_id)
    policy.require(actor, "members.list", project.my_role)
    rows = TEAM.params(project_id=project_id)
    if query.search:
        shown = func.fold_text(_people.username + literal("\n") + _people.full_name)
        rows = rows.where(contains(shown, query.search)[0])
    if query.role:
        rows = rows.where(_members.role.in_(query.role))
    if query.is_active is not None:
        rows = rows.where(_people.is_active.is_(query.is_active))
    return rows.where(*in_days(_members.created_at, query))
