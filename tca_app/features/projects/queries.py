"""Queries for projects. They return, and count, only what the actor may see."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Label,
    RowMapping,
    Text,
    bindparam,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, array
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.lists import to_reads
from tca_app.core.display_name import display_name_sql
from tca_app.core.errors import NotFound
from tca_app.features.projects import policy
from tca_app.features.projects.schemas import MemberRead, ProjectRead
from tca_app.features.users.schemas import PersonRead
from tca_app.models import Group, GroupMember, Project, ProjectGroup, ProjectMember, User

# Columns of the tables: a select of mapped attributes takes one and a half times as long.
_projects = Project.__table__.c
_team = ProjectMember.__table__
_members = _team.c
_people = User.__table__.c
_me = ProjectMember.__table__.alias("me")
_owner = User.__table__.alias("owner")
_FIELDS = tuple(name for name in ProjectRead.model_fields if name not in ("owner", "member_count", "my_role"))
COLUMNS = (*(_projects[name] for name in _FIELDS), _projects.owner_id)
ACTOR: BindParameter[int] = bindparam("actor_id")


def visible(all_projects: bool, project_id: ColumnElement[int] = _projects.id) -> ColumnElement[bool]:
    """Returns the condition of the projects that `actor_id` may see: all for a superuser, else those of a member."""
    if all_projects:
        return true()
    return project_id.in_(select(_members.project_id).where(_members.user_id == ACTOR))


# A subquery for each member, by the key of the user. With a join, a planner without statistics starts with all users.
_IS_HERE = (
    select(_people.deleted_at.is_(None) & (_people.kind == "person"))
    .where(_people.id == _members.user_id)
    .correlate(_team)
    .scalar_subquery()
)


def member_count(project_id: ColumnElement[int]) -> Label[int]:
    """Counts the people who are members. Users in the trash do not count; they are members again when restored."""
    counted = select(func.count()).select_from(_team).where(_members.project_id == project_id, _IS_HERE)
    return counted.scalar_subquery().label("member_count")


def my_role(project_id: ColumnElement[int]) -> Label[str]:
    """Selects the role of `actor_id` for each project by the key of the membership, however many there are."""
    mine = select(_me.c.role).where(_me.c.project_id == project_id, _me.c.user_id == ACTOR)
    return mine.scalar_subquery().label("my_role")


async def my_roles(session: AsyncSession, actor: Actor, project_ids: Iterable[int]) -> dict[int, str]:
    """Returns the roles of the actor in those of the projects of which they are a member, by project id."""
    mine = select(_members.project_id, _members.role).where(
        _members.user_id == actor.user_id, _members.project_id.in_(set(project_ids))
    )
    return {row.project_id: row.role for row in await session.execute(mine)}


_rest = (_owner.c.username, _owner.c.full_name, member_count(_projects.id), my_role(_projects.id))
WHOLE = (
    select(*COLUMNS, *_rest)
    .select_from(Project.__table__)
    .join(_owner, _owner.c.id == _projects.owner_id)
    .where(_projects.id == bindparam("project_id"))
)
"""A whole project with the role of `actor_id` in it, not yet filtered by what the actor may see."""
_ONE = WHOLE.where(_projects.deleted_at.is_(None))


def project_read(row: RowMapping | Mapping[str, Any]) -> ProjectRead:
    """Returns the schema of a row with the columns of a project and the `username` and `full_name` of its owner."""
    owner = PersonRead(id=row["owner_id"], username=row["username"], full_name=row["full_name"])
    return ProjectRead.model_validate({**row, "owner": owner})


async def get_project(session: AsyncSession, actor: Actor, project_id: int) -> ProjectRead:
    """Returns one project that is not in the trash. Raises NotFound, for non-members too."""
    row = (await session.execute(_ONE, {"project_id": project_id, "actor_id": actor.user_id})).first()
    if row is None:
        raise NotFound
    policy.require(actor, "projects.read", row.my_role)
    return project_read(row._mapping)


async def find_project_id(session: AsyncSession, slug: str) -> int | None:
    """Returns the id of the project with this slug, without a permission check, also in the trash."""
    return (await session.execute(select(_projects.id).where(_projects.slug == slug))).scalar()


@dataclass(frozen=True, slots=True)
class SameName:
    """A project that already has the name."""

    slug: str
    owner: str


async def find_same_name(session: AsyncSession, actor: Actor, name: str, but_id: int = 0) -> SameName | None:
    """Returns the oldest project with this name that the actor may see, other than `but_id`."""
    policy.require(actor, "projects.list")
    rows = select(_projects.slug, display_name_sql(_owner.c)).join(_owner, _owner.c.id == _projects.owner_id)
    same = rows.where(
        func.lower(_projects.name) == func.lower(name.strip()),
        _projects.id != but_id,
        _projects.deleted_at.is_(None),
        visible(actor.is_superuser),
    )
    row = (await session.execute(same.order_by(_projects.id).limit(1), {"actor_id": actor.user_id})).first()
    return SameName(*row) if row else None


_in_groups, _granted, _groups = GroupMember.__table__.c, ProjectGroup.__table__.c, Group.__table__.c
# The names of the groups that give a member a role in the project.
_NAMES = func.array_agg(aggregate_order_by(_groups.name, func.lower(_groups.name)))
_BY_GROUPS = (
    select(func.coalesce(_NAMES, array([], type_=Text)))
    .select_from(ProjectGroup.__table__)
    .join(GroupMember.__table__, _in_groups.group_id == _granted.group_id)
    .join(Group.__table__, _groups.id == _granted.group_id)
    .where(_granted.project_id == _members.project_id, _in_groups.user_id == _members.user_id)
    .correlate(_team)
    .scalar_subquery()
)
MEMBER = (
    _members.user_id,
    _people.username,
    _people.full_name,
    _people.is_active,
    _members.role,
    _BY_GROUPS.label("by_groups"),
    _members.created_at,
)
TEAM = (
    select(*MEMBER)
    .select_from(_team.join(User.__table__, _people.id == _members.user_id))
    .where(_members.project_id == bindparam("project_id"), _IS_HERE)
)


async def membership(session: AsyncSession, project_id: int, user_id: int) -> MemberRead:
    """Returns one member. Raises NotFound."""
    row = (await session.execute(TEAM.where(_members.user_id == user_id), {"project_id": project_id})).first()
    if row is None:
        raise NotFound
    return to_reads(MemberRead, [row])[0]
