"""Keeps the roles of project members equal to their own role and those of their groups.

`project_members.role` is the effective role, which every read uses. The database sets it to the higher one of
`own_role` and `group_role`; this module writes `group_role`.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Select, case, delete, exists, func, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.cache.shared import changed
from tca_app.features.projects import policy
from tca_app.models import GroupMember, Project, ProjectGroup, ProjectMember

_people, _groups, _members = GroupMember.__table__.c, ProjectGroup.__table__.c, ProjectMember.__table__.c
_QUIET = {"synchronize_session": False}


async def refresh_roles(session: AsyncSession, project_ids: Iterable[int], user_id: int | None = None) -> None:
    """Computes the roles by groups in these projects, of one person or of everybody, in the caller's transaction."""
    ids = sorted(set(project_ids))
    if not ids:
        return
    # One after the other: two groups that give the same person a role must not compute it from each other's past.
    await lock_projects(session, ids)
    by_groups = _by_groups(ids, user_id).subquery("by_groups")
    put = insert(ProjectMember.__table__).from_select(
        ["project_id", "user_id", "role", "group_role"],
        select(by_groups.c.project_id, by_groups.c.user_id, by_groups.c.role, by_groups.c.role),
    )
    await session.execute(
        put.on_conflict_do_update(
            index_elements=["project_id", "user_id"],
            set_={"group_role": put.excluded.group_role, "updated_at": func.now()},
            where=_members.group_role.is_distinct_from(put.excluded.group_role),
        )
    )
    here = _members.project_id.in_(ids) & (true() if user_id is None else _members.user_id == user_id)
    granted = exists().where(by_groups.c.project_id == _members.project_id, by_groups.c.user_id == _members.user_id)
    gone = here & _members.group_role.is_not(None) & ~granted
    await session.execute(delete(ProjectMember).where(gone, _members.own_role.is_(None)).execution_options(**_QUIET))
    await session.execute(update(ProjectMember).where(gone).values(group_role=None).execution_options(**_QUIET))
    changed(session, "project")


async def lock_projects(session: AsyncSession, project_ids: Iterable[int]) -> None:
    """Locks projects in one order for all."""
    locked = select(col(Project.id)).where(col(Project.id).in_(list(project_ids))).order_by(col(Project.id))
    await session.execute(locked.with_for_update(key_share=True))


def _by_groups(project_ids: list[int], user_id: int | None) -> Select[tuple[int, int, str]]:
    """Returns the highest role by groups of each person in each of these projects."""
    whose: ColumnElement[bool] = true() if user_id is None else _people.user_id == user_id
    highest = _role_of(func.max(case(policy.RANK, value=_groups.role)))
    return (
        select(_groups.project_id, _people.user_id, highest.label("role"))
        .join(_people.group_id.table, _people.group_id == _groups.group_id)
        .where(_groups.project_id.in_(project_ids), whose)
        .group_by(_groups.project_id, _people.user_id)
    )


def _role_of(rank: ColumnElement[int]) -> ColumnElement[str]:
    return case({number: name for name, number in policy.RANK.items()}, value=rank)
