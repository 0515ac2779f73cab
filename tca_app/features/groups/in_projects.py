"""Service functions for the groups of a project. The rules are those of its members."""

from sqlalchemy import Select, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.lists import to_reads
from tca_app.core.database.sorting import order_by
from tca_app.core.errors import Conflict, FieldError, NotFound
from tca_app.core.events.log import emit
from tca_app.core.language.messages import _
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.groups import events
from tca_app.features.groups.membership import refresh_roles
from tca_app.features.groups.schemas import ProjectGroupAdd, ProjectGroupQuery, ProjectGroupRead, ProjectGroupUpdate
from tca_app.features.projects import policy
from tca_app.features.projects.service import LockedProject, find_project, get_project
from tca_app.models import Group, GroupMember, ProjectGroup

_GROUPS, _IN = Group.__table__, ProjectGroup.__table__
_people = GroupMember.__table__.c


_PEOPLE = select(func.count()).where(_people.group_id == _GROUPS.c.id).correlate(_GROUPS).scalar_subquery()
_SORTS = {
    "name": func.lower(_GROUPS.c.name),
    "member_count": _PEOPLE,
    "role": case(policy.RANK, value=_IN.c.role),
}


def _rows(project_id: int) -> Select[tuple[object, ...]]:
    return (
        select(_GROUPS.c.id.label("group_id"), _GROUPS.c.name, _PEOPLE.label("member_count"), _IN.c.role)
        .join(_IN, _IN.c.group_id == _GROUPS.c.id)
        .where(_IN.c.project_id == project_id)
    )


async def list_project_groups(
    session: AsyncSession, actor: Actor, project_id: int, query: ProjectGroupQuery | None = None
) -> list[ProjectGroupRead]:
    """Returns the groups of a project, by default by name. Raises Forbidden for those who may not see its members."""
    project = await get_project(session, actor, project_id)
    policy.require(actor, "members.list", project.my_role)
    ordered = _rows(project_id).order_by(*order_by(_SORTS, (query or ProjectGroupQuery()).sort, _GROUPS.c.id))
    return to_reads(ProjectGroupRead, (await session.execute(ordered)).all())


async def add_project_group(
    session: AsyncSession, actor: Actor, project_id: int, data: ProjectGroupAdd
) -> ProjectGroupRead:
    """Gives everybody in a group a role in the project. Raises Conflict for a group that is in it, or unknown."""
    seen = await get_project(session, actor, project_id)
    policy.require(actor, "members.write", seen.my_role)
    # The group is locked before the project, as by a change of its people.
    known = select(_GROUPS.c.id).where(_GROUPS.c.id == data.group_id).with_for_update(read=True)
    if (await session.execute(known)).first() is None:
        raise _conflict(_("There is no group with this id."))
    project = await _allowed(session, actor, project_id, data.role)
    put = insert(_IN).values(project_id=project_id, **data.model_dump()).on_conflict_do_nothing()
    if (await session.execute(put.returning(_IN.c.group_id))).first() is None:
        raise _conflict(_("This group is already in the project."))
    added = await _refreshed(session, project_id, data.group_id)
    await emit(session, actor, events.ProjectGroupAdded.of(project, **_about(added)))
    return added


def _conflict(detail: str) -> Conflict:
    return Conflict(detail, errors=[FieldError("/group_id", detail)])


async def change_project_group(
    session: AsyncSession, actor: Actor, project_id: int, group_id: int, data: ProjectGroupUpdate
) -> ProjectGroupRead:
    """Changes the role of a group. Only an owner grants or revokes the role of maintainer."""
    before = await _find(session, actor, project_id, group_id)
    project = await _allowed(session, actor, project_id, before.role, data.role)
    change = update(_IN).where(_IN.c.project_id == project_id, _IN.c.group_id == group_id).values(role=data.role)
    await session.execute(change)
    after = await _refreshed(session, project_id, group_id)
    if after.role != before.role:
        changes = {"before": {"role": before.role}, "after": {"role": after.role}}
        await emit(session, actor, events.ProjectGroupChanged.of(project, **_about(after), **changes))
    return after


async def remove_project_group(session: AsyncSession, actor: Actor, project_id: int, group_id: int) -> None:
    """Removes a group. Its people keep the roles that they have by themselves or by other groups."""
    before = await _find(session, actor, project_id, group_id)
    project = await find_project(session, actor, "members.write", project_id)
    policy.require(actor, policy.grant_action(before.role), project.my_role)
    await session.execute(delete(_IN).where(_IN.c.project_id == project_id, _IN.c.group_id == group_id))
    await refresh_roles(session, [project_id])
    await emit(session, actor, events.ProjectGroupRemoved.of(project, **_about(before)))


async def _allowed(session: AsyncSession, actor: Actor, project_id: int, *roles: str) -> LockedProject:
    """Returns the project, locked, if the actor may grant these roles in it, with a recent proof for maintainers."""
    project = await find_project(session, actor, "members.write", project_id)
    policy.require(actor, policy.grant_action(*roles), project.my_role)
    if "maintainer" in roles:
        await require_recent_proof(session, actor)
    return project


async def _find(session: AsyncSession, actor: Actor, project_id: int, group_id: int) -> ProjectGroupRead:
    """Returns one group of a project. The project is locked, so nobody else changes it in the meantime."""
    await find_project(session, actor, "members.write", project_id)
    row = (await session.execute(_rows(project_id).where(_GROUPS.c.id == group_id))).first()
    if row is None:
        raise NotFound
    return to_reads(ProjectGroupRead, [row])[0]


async def _refreshed(session: AsyncSession, project_id: int, group_id: int) -> ProjectGroupRead:
    await refresh_roles(session, [project_id])
    row = (await session.execute(_rows(project_id).where(_GROUPS.c.id == group_id))).one()
    return to_reads(ProjectGroupRead, [row])[0]


def _about(group: ProjectGroupRead) -> dict[str, object]:
    return {"group_id": group.group_id, "group_name": group.name, "role": group.role}
