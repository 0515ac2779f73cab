"""Service functions for projects: create, update, transfer, delete and restore."""

from typing import Any, Protocol

from sqlalchemy import BigInteger, ColumnElement, Text, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.concurrency import VersionedRow, changed_fields, check_version, fields_of
from tca_app.core.database.session import refuse_duplicates
from tca_app.core.errors import Conflict, FieldError, NotFound
from tca_app.core.events.log import emit
from tca_app.core.language.messages import _, ngettext
from tca_app.core.lists.bulk import BulkResult, for_each
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.projects import events, policy
from tca_app.features.projects.creation import (
    SLUG_TAKEN,
    create_project as create_project,
)
from tca_app.features.projects.listing.queries import list_projects as list_projects
from tca_app.features.projects.queries import (
    COLUMNS,
    WHOLE,
    find_project_id as find_project_id,
    find_same_name as find_same_name,
    get_project as get_project,
    project_read,
)
from tca_app.features.projects.schemas import ProjectBulk, ProjectRead, ProjectUpdate, Transfer
from tca_app.features.projects.user_lookups import UnknownPerson, display_names, require_active_user
from tca_app.models import Project, ProjectMember
from tca_app.models.user import changed_by

_projects = Project.__table__.c
_LOCKED = WHOLE.add_columns(*changed_by(Project.__table__)).with_for_update(of=Project.__table__, key_share=True)


class LockedProject(VersionedRow, Protocol):
    """A locked row of `WHOLE`, with the name of its last editor, or empty."""

    id: int
    name: str
    status: str
    owner_id: int
    my_role: str | None


class _Person(Protocol):
    id: int
    username: str


async def find_project(
    session: AsyncSession, actor: Actor, action: str, project_id: int, *, deleted: bool = False
) -> LockedProject:
    """Returns a project on which the actor may do `action`, and locks it. Raises NotFound, Forbidden."""
    in_trash = _projects.deleted_at.is_not(None) if deleted else _projects.deleted_at.is_(None)
    statement = _LOCKED.where(in_trash)
    row = (await session.execute(statement, {"project_id": project_id, "actor_id": actor.user_id})).first()
    if row is None:
        raise NotFound
    policy.require(actor, action, row.my_role)
    return row


async def update_project(
    session: AsyncSession, actor: Actor, project_id: int, data: ProjectUpdate, if_version: int | None = None
) -> ProjectRead:
    """Updates the given fields. Raises Stale, Conflict (slug taken), Forbidden for what only an owner may change."""
    row = await find_project(session, actor, "projects.update", project_id)
    given = data.given()
    check_version(row, given, if_version)
    changed = changed_fields(row, given)
    for name, value in changed.items():
        policy.require(actor, policy.change_action(name, row._mapping[name], value), row.my_role)
    if not changed:
        return project_read(row._mapping)
    after = await _store(session, actor, row, changed)
    kind = events.ProjectArchived if changed.get("status") == "archived" else events.ProjectUpdated
    await emit(session, actor, kind.of(after, before=fields_of(row, changed), after=fields_of(after, changed)))
    return after


async def _store(session: AsyncSession, actor: Actor, row: LockedProject, changes: dict[str, Any]) -> ProjectRead:
    statement = (
        update(Project)
        .where(col(Project.id) == row.id)
        .values(**changes, version=Project.version + 1, updated_by_id=actor.user_id)
        .returning(*COLUMNS)
        .execution_options(synchronize_session=False)
    )
    with refuse_duplicates({"uq_projects_slug": ("slug", SLUG_TAKEN)}):
        after = (await session.execute(statement)).one()
    return project_read({**row._mapping, **after._mapping})


async def transfer_project(
    session: AsyncSession, actor: Actor, project_id: int, data: Transfer, if_version: int | None = None
) -> ProjectRead:
    """Transfers a project to an active user. The current owner becomes a maintainer. Raises UnknownPerson."""
    row = await find_project(session, actor, "projects.transfer", project_id)
    await require_recent_proof(session, actor)
    check_version(row, {}, if_version)
    await require_active_user(session, "user_id", data.user_id)
    if data.user_id != row.owner_id:
        await _hand_over(session, actor, col(Project.id) == project_id, row.owner_id, data.user_id)
    after = (await session.execute(WHOLE, {"project_id": project_id, "actor_id": actor.user_id})).one()
    return project_read(after._mapping)


async def _hand_over(session: AsyncSession, actor: Actor, which: ColumnElement[bool], from_id: int, to_id: int) -> None:
    """Makes `to_id` the owner of the projects that match. `owner_id` and the member's role change together."""
    locked = (
        select(col(Project.id), col(Project.name))
        .where(which)
        .order_by(col(Project.id))
        .with_for_update(key_share=True)
    )
    found = (await session.execute(locked)).all()
    these = col(Project.id).in_([row.id for row in found])
    to_name = (await display_names(session, [to_id]))[to_id]
    for row in found:
        await emit(session, actor, events.ProjectTransferred.of(row, from_id=from_id, to_id=to_id, to_name=to_name))
    before = select(col(ProjectMember.id)).join(Project, col(Project.id) == col(ProjectMember.project_id))
    before = before.where(these, col(ProjectMember.role) == "owner")
    quiet = {"synchronize_session": False}
    await session.execute(
        update(ProjectMember)
        .where(col(ProjectMember.id).in_(before))
        .values(role="maintainer")
        .execution_options(**quiet)
    )
    new_rows = select(col(Project.id), literal(to_id, BigInteger), literal("owner", Text)).where(these)
    put = insert(ProjectMember).from_select(["project_id", "user_id", "role"], new_rows)
    await session.execute(
        put.on_conflict_do_update(
            index_elements=["project_id", "user_id"], set_={"role": "owner", "updated_at": func.now()}
        )
    )
    await session.execute(
        update(Project)
        .where(these)
        .values(owner_id=to_id, version=Project.version + 1, updated_by_id=actor.user_id)
        .execution_options(**quiet)
    )


async def hand_over_all(session: AsyncSession, actor: Actor, person: _Person, to_id: int | None) -> None:
    """Transfers all projects of a deleted user. Raises Conflict when there are some and `to_id` is None, and
    ReauthenticationRequired.

    Projects in the trash are transferred too, so that a restored project has an owner who exists.
    """
    if to_id is not None:
        if to_id == person.id:
            raise UnknownPerson(errors=[FieldError("/transfer_to", _("Choose another user."))])
        await require_active_user(session, "transfer_to", to_id)
    counts = select(func.count(), func.count(col(Project.deleted_at))).where(col(Project.owner_id) == person.id)
    owned, in_trash = (await session.execute(counts)).one()
    if not owned:
        return
    if to_id is None:
        detail = ngettext(
            "{name} owns {count} project ({in_trash} in the trash). Choose a new owner.",
            "{name} owns {count} projects ({in_trash} in the trash). Choose a new owner.",
            owned,
            name=person.username,
            in_trash=in_trash,
        )
        if not in_trash:
            detail = ngettext(
                "{name} owns {count} project. Choose a new owner.",
                "{name} owns {count} projects. Choose a new owner.",
                owned,
                name=person.username,
            )
        raise Conflict(detail, errors=[FieldError("/transfer_to", detail)])
    await require_recent_proof(session, actor)
    await _hand_over(session, actor, col(Project.owner_id) == person.id, person.id, to_id)


async def delete_project(session: AsyncSession, actor: Actor, project_id: int, if_version: int | None = None) -> None:
    """Moves a project to the trash. Its slug stays taken, so that it can be restored."""
    row = await find_project(session, actor, "projects.delete", project_id)
    check_version(row, {}, if_version)
    await _store(session, actor, row, {"deleted_at": func.now()})
    await emit(session, actor, events.ProjectDeleted.of(row, status=row.status))


async def restore_project(session: AsyncSession, actor: Actor, project_id: int) -> ProjectRead:
    """Restores a project with its members. Raises NotFound unless it is in the trash."""
    row = await find_project(session, actor, "projects.restore", project_id, deleted=True)
    after = await _store(session, actor, row, {"deleted_at": None})
    await emit(session, actor, events.ProjectRestored.of(row, status=row.status))
    return after


async def bulk_projects(session: AsyncSession, actor: Actor, data: ProjectBulk) -> list[BulkResult]:
    """Applies one action to many projects in one transaction. A refusal affects only its own row."""
    policy.require(actor, "projects.bulk")
    return await for_each(session, data.ids, lambda project_id: _act(session, actor, data.action, project_id))


async def _act(session: AsyncSession, actor: Actor, action: str, project_id: int) -> None:
    if action == "archive":
        await update_project(session, actor, project_id, ProjectUpdate(status="archived"))
    elif action == "delete":
        await delete_project(session, actor, project_id)
    else:
        await restore_project(session, actor, project_id)
