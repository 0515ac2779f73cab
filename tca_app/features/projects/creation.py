"""Creates a project with its members and environments, under the requested slug or a free one made from its name."""

import re
import unicodedata
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.errors import Conflict, FieldError, Forbidden, NotFound
from tca_app.core.events.log import emit
from tca_app.core.language.messages import N_, _
from tca_app.features.projects import events, policy
from tca_app.features.projects.default_environments import create_default_environments
from tca_app.features.projects.queries import get_project
from tca_app.features.projects.schemas import ProjectCreate, ProjectRead
from tca_app.features.projects.user_lookups import UnknownPerson, active_users, display_names
from tca_app.models import Project, ProjectMember

SLUG_TAKEN = N_("This slug is taken.")
SLUG_ROUNDS = 20
MAX_NAME = 100
_NO_SLUG = re.compile(r"[^a-z0-9]+")
# Made once, on the tables: building a statement on mapped classes for each call took a fifth of the time of a creation.
_projects = Project.__table__
_INSERT = insert(_projects).on_conflict_do_nothing(index_elements=["slug"]).returning(_projects.c.id)
_INSERT_MEMBER = insert(ProjectMember.__table__)


async def create_project(session: AsyncSession, actor: Actor, data: ProjectCreate) -> ProjectRead:
    """Creates a project owned by the actor. Raises Conflict for a taken slug, UnknownPerson for inactive members."""
    policy.require(actor, "projects.create")
    if actor.token_project_id:
        raise Forbidden(_("A token of a project cannot create projects."))
    await _check_team(session, actor, data)
    fields = data.model_dump(exclude={"team_members"})
    project_id = await _insert_under_slug(session, actor, fields)
    team = [{"user_id": actor.user_id, "role": "owner"}, *(member.model_dump() for member in data.team_members)]
    await session.execute(_INSERT_MEMBER, [member | {"project_id": project_id} for member in team])
    await create_default_environments(session, project_id)
    created = await get_project(session, actor, project_id)
    await emit(session, actor, events.ProjectCreated.of(created, after=fields | {"slug": created.slug}))
    names = await display_names(session, [member.user_id for member in data.team_members]) if data.team_members else {}
    for member in data.team_members:
        about = {"user_id": member.user_id, "user_name": names[member.user_id], "role": member.role}
        await emit(session, actor, events.MemberAdded.of(created, **about))
    return created


async def _check_team(session: AsyncSession, actor: Actor, data: ProjectCreate) -> None:
    """Locks the users concerned until the transaction ends. Raises NotFound when the actor was just deleted."""
    ids = [member.user_id for member in data.team_members]
    active = await active_users(session, [actor.user_id, *ids])
    if actor.user_id not in active:
        raise NotFound
    faults = []
    for index, user_id in enumerate(ids):
        pointer = f"/team_members/{index}/user_id"
        if user_id in (actor.user_id, *ids[:index]):
            faults.append(FieldError(pointer, _("This user is already a member.")))
        elif user_id not in active:
            faults.append(FieldError(pointer, UnknownPerson.default))
    if faults:
        raise UnknownPerson(errors=faults)


async def _insert_under_slug(session: AsyncSession, actor: Actor, fields: dict[str, Any]) -> int:
    """Inserts under the requested slug, or the first free one made from the name. Others may insert meanwhile."""
    if fields["slug"]:
        project_id = await _insert(session, actor, fields)
        if project_id is None:
            raise Conflict(_(SLUG_TAKEN), errors=[FieldError("/slug", _(SLUG_TAKEN))])
        return project_id
    base = slug_of(fields["name"])
    slug = base
    for _round in range(SLUG_ROUNDS):
        project_id = await _insert(session, actor, fields | {"slug": slug})
        if project_id is not None:
            return project_id
        slug = await _next_slug(session, base)
    raise Conflict(_("Several projects with this name are being created. Try again."))


async def _insert(session: AsyncSession, actor: Actor, fields: dict[str, Any]) -> int | None:
    """Returns the id of the new project, or None when the slug is taken."""
    row = fields | {"owner_id": actor.user_id, "updated_by_id": actor.user_id, "version": 1}
    inserted: int | None = (await session.execute(_INSERT, row)).scalar()
    return inserted


def slug_of(name: str) -> str:
    """Returns a slug made from a name: no accents, lower case, words joined by hyphens; at most 90 characters."""
    plain = unicodedata.normalize("NFKD", name[:MAX_NAME]).encode("ascii", "ignore").decode().lower()
    return _NO_SLUG.sub("-", plain)[:90].strip("-") or "project"


async def _next_slug(session: AsyncSession, base: str) -> str:
    """Returns `base` with the highest number in use plus one."""
    number = func.substr(Project.slug, len(base) + 2)
    taken = await session.execute(
        select(number).where(func.starts_with(Project.slug, f"{base}-"), number.regexp_match("^[1-9][0-9]{0,8}$"))
    )
    return f"{base}-{max((int(n) for n in taken.scalars()), default=1) + 1}"
