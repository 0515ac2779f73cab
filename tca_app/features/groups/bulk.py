"""One action on many groups, or on many people of a group, in one transaction."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.lists.bulk import BulkResult, for_each
from tca_app.features.groups import policy
from tca_app.features.groups.membership import lock_projects
from tca_app.features.groups.schemas import GroupMemberAdd
from tca_app.features.groups.service import add_group_member, delete_group, remove_group_member
from tca_app.models import Group, ProjectGroup

_groups, _used = Group.__table__.c, ProjectGroup.__table__.c


async def delete_groups(session: AsyncSession, actor: Actor, group_ids: list[int]) -> list[BulkResult]:
    """Deletes many groups. Their people lose the roles that they have by them."""
    policy.require(actor)
    # All groups before all projects, as by a change of one group: two at a time then never wait for each other.
    locked = select(_groups.id).where(_groups.id.in_(group_ids)).order_by(_groups.id).with_for_update()
    await session.execute(locked)
    used = select(_used.project_id).where(_used.group_id.in_(group_ids))
    await lock_projects(session, (await session.execute(used)).scalars())
    return await for_each(session, group_ids, lambda group_id: delete_group(session, actor, group_id))


async def add_group_members(
    session: AsyncSession, actor: Actor, group_id: int, user_ids: list[int]
) -> list[BulkResult]:
    """Adds many people to a group."""
    policy.require(actor)
    return await for_each(
        session, user_ids, lambda user_id: add_group_member(session, actor, group_id, GroupMemberAdd(user_id=user_id))
    )


async def remove_group_members(
    session: AsyncSession, actor: Actor, group_id: int, user_ids: list[int]
) -> list[BulkResult]:
    """Removes many people from a group."""
    policy.require(actor)
    return await for_each(session, user_ids, lambda user_id: remove_group_member(session, actor, group_id, user_id))
