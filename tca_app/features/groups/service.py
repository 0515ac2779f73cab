"""Service functions for groups and their people. A change of people changes their roles in the same transaction."""

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.concurrency import changed_fields, check_version, fields_of
from tca_app.core.database.lists import to_reads
from tca_app.core.database.pagination import matching
from tca_app.core.database.session import refuse_duplicates
from tca_app.core.database.sorting import order_by
from tca_app.core.errors import Conflict, FieldError, NotFound
from tca_app.core.events.log import emit
from tca_app.core.language.messages import N_, _
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.groups import events, policy
from tca_app.features.groups.listing import GROUPS, MAX_GROUPS
from tca_app.features.groups.membership import refresh_roles
from tca_app.features.groups.schemas import (
    GroupCreate,
    GroupMemberAdd,
    GroupMemberQuery,
    GroupMemberRead,
    GroupRead,
    GroupUpdate,
)
from tca_app.features.projects.user_lookups import display_names, require_active_user
from tca_app.models import Group, GroupMember, ProjectGroup, User
from tca_app.models.user import changed_by

_GROUPS = Group.__table__
_groups, _members, _used = _GROUPS.c, GroupMember.__table__.c, ProjectGroup.__table__.c
_users = User.__table__.c
_TAKEN = {"uq_groups_name": ("name", N_("A group has this name already."))}


async def get_group(session: AsyncSession, actor: Actor, group_id: int) -> GroupRead:
    """Returns one group. Raises Forbidden, NotFound."""
    policy.require(actor)
    row = (await session.execute(GROUPS.where(_groups.id == group_id))).first()
    if row is None:
        raise NotFound
    return to_reads(GroupRead, [row])[0]


async def create_group(session: AsyncSession, actor: Actor, data: GroupCreate) -> GroupRead:
    """Creates a group without people. Raises Conflict for a taken name."""
    policy.require(actor)
    if (await session.execute(select(func.count()).select_from(_GROUPS))).scalar_one() >= MAX_GROUPS:
        raise Conflict(_("There are {max_groups} groups already. Delete one first.", max_groups=MAX_GROUPS))
    with refuse_duplicates(_TAKEN):
        put = insert(_GROUPS).values(**data.model_dump(), updated_by_id=actor.user_id).returning(_groups.id)
        group_id = (await session.execute(put)).scalar_one()
    made = await get_group(session, actor, group_id)
    await emit(session, actor, events.GroupCreated.of(made, after=data.model_dump()))
    return made


async def update_group(
    session: AsyncSession, actor: Actor, group_id: int, data: GroupUpdate, if_version: int | None = None
) -> GroupRead:
    """Updates the given fields. Raises Stale, Conflict for a taken name."""
    policy.require(actor)
    locked = select(*_groups, *changed_by(_GROUPS)).where(_groups.id == group_id).with_for_update(of=_GROUPS)
    row = (await session.execute(locked)).first()
    if row is None:
        raise NotFound
    given = data.given()
    check_version(row, given, if_version)
    changes = changed_fields(row, given)
    if not changes:
        return await get_group(session, actor, group_id)
    own = {"version": _groups.version + 1, "updated_by_id": actor.user_id, "updated_at": func.clock_timestamp()}
    with refuse_duplicates(_TAKEN):
        await session.execute(update(_GROUPS).where(_groups.id == group_id).values(**changes, **own))
    after = await get_group(session, actor, group_id)
    about = {"before": fields_of(row, changes), "after": fields_of(after, changes)}
    await emit(session, actor, events.GroupUpdated.of(after, **about))
    return after


async def delete_group(session: AsyncSession, actor: Actor, group_id: int) -> None:
    """Deletes a group. Its people lose the roles that they have by it."""
    group = await _lock(session, actor, group_id)
    projects = await _projects_of(session, group_id)
    await session.execute(delete(_GROUPS).where(_groups.id == group_id))
    await refresh_roles(session, projects)
    await emit(session, actor, events.GroupDeleted.of(group))


async def list_group_members(
    session: AsyncSession, actor: Actor, group_id: int, query: GroupMemberQuery | None = None
) -> list[GroupMemberRead]:
    """Returns the people of a group, by default by username."""
    await get_group(session, actor, group_id)
    query = query or GroupMemberQuery()
    ordered = _people(group_id).order_by(*order_by(_SORTS, query.sort, _users.id))
    if query.search:
        ordered = ordered.where(*await matching(session, User.__table__, query.search))
    return to_reads(GroupMemberRead, (await session.execute(ordered)).all())


_SORTS = {name: func.lower(_users[name]) for name in ("username", "full_name")}


def _people(group_id: int) -> Select[tuple[object, ...]]:
    return (
        select(_users.id.label("user_id"), _users.username, _users.full_name, _users.is_active)
        .join(GroupMember.__table__, _members.user_id == _users.id)
        .where(_members.group_id == group_id, _users.deleted_at.is_(None))
    )


async def add_group_member(session: AsyncSession, actor: Actor, group_id: int, data: GroupMemberAdd) -> GroupMemberRead:
    """Adds a person, who gets the roles of the group. Raises Conflict for a member, UnknownPerson."""
    group = await _lock(session, actor, group_id)
    await require_active_user(session, "user_id", data.user_id)
    put = insert(GroupMember.__table__).values(group_id=group_id, user_id=data.user_id).on_conflict_do_nothing()
    if (await session.execute(put.returning(_members.user_id))).first() is None:
        detail = _("This user is already in the group.")
        raise Conflict(detail, errors=[FieldError("/user_id", detail)])
    await refresh_roles(session, await _projects_of(session, group_id), data.user_id)
    name = (await display_names(session, [data.user_id]))[data.user_id]
    await emit(session, actor, events.GroupMemberAdded.of(group, user_id=data.user_id, user_name=name))
    added = (await session.execute(_people(group_id).where(_users.id == data.user_id))).one()
    return to_reads(GroupMemberRead, [added])[0]


async def remove_group_member(session: AsyncSession, actor: Actor, group_id: int, user_id: int) -> None:
    """Removes a person, who loses the roles of the group. Raises NotFound."""
    group = await _lock(session, actor, group_id)
    gone = delete(GroupMember.__table__).where(_members.group_id == group_id, _members.user_id == user_id)
    if (await session.execute(gone.returning(_members.user_id))).first() is None:
        raise NotFound
    await refresh_roles(session, await _projects_of(session, group_id), user_id)
    name = (await display_names(session, [user_id]))[user_id]
    await emit(session, actor, events.GroupMemberRemoved.of(group, user_id=user_id, user_name=name))


async def _lock(session: AsyncSession, actor: Actor, group_id: int) -> GroupRead:
    """Returns a group that the actor may change, and locks it: roles of its people depend on it."""
    policy.require(actor)
    await require_recent_proof(session, actor)
    await session.execute(select(_groups.id).where(_groups.id == group_id).with_for_update())
    return await get_group(session, actor, group_id)


async def _projects_of(session: AsyncSession, group_id: int) -> list[int]:
    return list((await session.execute(select(_used.project_id).where(_used.group_id == group_id))).scalars())
