"""Service functions for the members of a project. The owner's role changes only with a transfer."""

from typing import NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.display_name import display_name
from tca_app.core.errors import Conflict, FieldError, NotFound
from tca_app.core.events.log import emit
from tca_app.core.language.messages import _
from tca_app.core.lists.bulk import BulkResult, for_each
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.projects import events, policy
from tca_app.features.projects.listing.members import list_members as list_members
from tca_app.features.projects.queries import get_project, membership
from tca_app.features.projects.schemas import MemberRead, MemberUpdate, TeamMember
from tca_app.features.projects.service import find_project
from tca_app.features.projects.user_lookups import display_names, require_active_user
from tca_app.models import ProjectMember, User


class _Member(NamedTuple):
    id: int
    role: str


async def get_member(session: AsyncSession, actor: Actor, project_id: int, user_id: int) -> MemberRead:
    """Returns one member. Raises NotFound, or Forbidden for those who may not see the members."""
    project = await get_project(session, actor, project_id)
    policy.require(actor, "members.list", project.my_role)
    return await membership(session, project_id, user_id)


async def add_member(session: AsyncSession, actor: Actor, project_id: int, data: TeamMember) -> MemberRead:
    """Adds a member. Raises Conflict for an existing member, UnknownPerson without such an active user."""
    project = await find_project(session, actor, "members.write", project_id)
    await may_grant(session, actor, project.my_role, data.role)
    await require_active_user(session, "user_id", data.user_id)
    row = {"project_id": project_id, "user_id": data.user_id, "role": data.role}
    put = insert(ProjectMember).values(row).on_conflict_do_nothing(index_elements=["project_id", "user_id"])
    if (await session.execute(put.returning(col(ProjectMember.id)))).first() is None:
        detail = _("This user is already a member.")
        raise Conflict(detail, errors=[FieldError("/user_id", detail)])
    added = await membership(session, project_id, data.user_id)
    about = {"user_id": data.user_id, "user_name": display_name(added), "role": data.role}
    await emit(session, actor, events.MemberAdded.of(project, **about))
    return added


async def join_project(session: AsyncSession, actor: Actor, project: events.Subject, role: str) -> None:
    """Makes the actor, who was invited with this role, a member. Someone who is one already keeps their role."""
    row = {"project_id": project.id, "user_id": actor.user_id, "role": role}
    put = insert(ProjectMember).values(row).on_conflict_do_nothing(index_elements=["project_id", "user_id"])
    if (await session.execute(put.returning(col(ProjectMember.id)))).first() is not None:
        about = {"user_id": actor.user_id, "user_name": actor.display_name, "role": role}
        await emit(session, actor, events.MemberAdded.of(project, **about))


async def change_member(
    session: AsyncSession, actor: Actor, project_id: int, user_id: int, data: MemberUpdate
) -> MemberRead:
    """Changes the role of a member. Only an owner grants or revokes the role of maintainer."""
    project = await find_project(session, actor, "members.write", project_id)
    row = await _member(session, project_id, user_id)
    _refuse_owner(row)
    await may_grant(session, actor, project.my_role, row.role, data.role)
    change = update(ProjectMember).where(col(ProjectMember.id) == row.id).values(role=data.role)
    await session.execute(change.execution_options(synchronize_session=False))
    member = await membership(session, project_id, user_id)
    if member.role != data.role:
        raise Conflict(
            _(
                "Through {member}, this person is at least {role}. Change that first.",
                member=_group_words(member),
                role=member.role,
            )
        )
    if data.role != row.role:
        about = {"user_id": user_id, "user_name": display_name(member), "role": data.role}
        changed = {"before": {"role": row.role}, "after": {"role": data.role}}
        await emit(session, actor, events.MemberRoleChanged.of(project, **about, **changed))
    return member


async def remove_member(session: AsyncSession, actor: Actor, project_id: int, user_id: int) -> None:
    """Removes a member. Every member except the owner may also leave."""
    leaving = user_id == actor.user_id
    project = await find_project(session, actor, "projects.read" if leaving else "members.write", project_id)
    row = await _member(session, project_id, user_id)
    _refuse_owner(row)
    member = await membership(session, project_id, user_id)
    if member.by_groups:
        raise Conflict(
            _(
                "{member} is a member through {member2}. Change that first.",
                member=display_name(member),
                member2=_group_words(member),
            )
        )
    if not leaving:
        policy.require(actor, policy.grant_action(row.role), project.my_role)
    await session.execute(delete(ProjectMember).where(col(ProjectMember.id) == row.id))
    name = (await display_names(session, [user_id]))[user_id]
    about = {"user_id": user_id, "user_name": name, "role": row.role}
    await emit(session, actor, events.MemberRemoved.of(project, **about))


async def change_members(
    session: AsyncSession, actor: Actor, project_id: int, user_ids: list[int], data: MemberUpdate
) -> list[BulkResult]:
    """Changes the role of many members in one transaction. A refusal affects only its own row."""
    return await for_each(session, user_ids, lambda user_id: change_member(session, actor, project_id, user_id, data))


async def remove_members(session: AsyncSession, actor: Actor, project_id: int, user_ids: list[int]) -> list[BulkResult]:
    """Removes many members in one transaction. A refusal affects only its own row."""
    return await for_each(session, user_ids, lambda user_id: remove_member(session, actor, project_id, user_id))


async def may_grant(session: AsyncSession, actor: Actor, my_role: str | None, *roles: str) -> None:
    """Raises Forbidden, or ReauthenticationRequired for the role of maintainer."""
    policy.require(actor, policy.grant_action(*roles), my_role)
    if "maintainer" in roles:
        await require_recent_proof(session, actor)


async def _member(session: AsyncSession, project_id: int, user_id: int) -> _Member:
    """Returns the row of one person. The project is locked, so nobody else changes the row in the meantime."""
    statement = (
        select(col(ProjectMember.id), col(ProjectMember.role))
        .join(User, col(User.id) == col(ProjectMember.user_id))
        .where(col(ProjectMember.project_id) == project_id, col(ProjectMember.user_id) == user_id)
        .where(col(User.kind) == "person")
    )
    row = (await session.execute(statement)).mappings().first()
    if row is None:
        raise NotFound
    return _Member(**row)


def _group_words(member: MemberRead) -> str:
    """ "the group Platform", or "the groups Leads and Platform"."""
    names = " and ".join(member.by_groups)
    return f"the group {names}" if len(member.by_groups) == 1 else f"the groups {names}"


def _refuse_owner(row: _Member) -> None:
    if row.role == "owner":
        raise Conflict(_("Transfer the project to change its owner."))
