"""How a project is made: with its team and environments, under the slug that was given or a free one of its name."""

import re
import unicodedata
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.cache import changed
from tca_app.core.direct import Direct
from tca_app.core.errors import Conflict, FieldFault, NotFound
from tca_app.core.events import emit, event_values, logging_of
from tca_app.features.environments.starting import starting_of
from tca_app.features.projects import events, policy
from tca_app.features.projects.people import NoSuchPerson, names_of, present
from tca_app.features.projects.queries import COLUMNS, project_read
from tca_app.features.projects.schemas import ProjectCreate, ProjectRead
from tca_app.models import Project

SLUG_TAKEN = "This slug is taken."
SLUG_ROUNDS = 20
MAX_NAME = 100
_NO_SLUG = re.compile(r"[^a-z0-9]+")
GIVEN = ("name", "slug", "description", "status", "repository_url")
BY_THE_DATABASE = 0  # the id of what is not made yet


async def create_project(session: AsyncSession, actor: Actor, data: ProjectCreate) -> ProjectRead:
    """The actor becomes the owner. Raises Conflict for a taken slug, NoSuchPerson for absent members."""
    policy.require(actor, "projects.create")
    if data.team_members:
        await _check_team(session, actor, data)
    row = await _insert_named(session, actor, data)
    changed(session, "project")
    mine = {"my_role": "owner", "member_count": 1 + len(data.team_members)}
    made = project_read({**row, **mine, "username": actor.username, "full_name": actor.full_name})
    if data.team_members:
        names = await names_of(session, [member.user_id for member in data.team_members])
        for member in data.team_members:
            about = {"user_id": member.user_id, "user_name": names[member.user_id], "role": member.role}
            await emit(session, actor, events.MemberAdded.of(made, **about))
    return made


async def _check_team(session: AsyncSession, actor: Actor, data: ProjectCreate) -> None:
    ids = [member.user_id for member in data.team_members]
    at_work = await present(session, ids)
    faults = []
    for place, user_id in enumerate(ids):
        pointer = f"/team_members/{place}/user_id"
        if user_id in (actor.user_id, *ids[:place]):
            faults.append(FieldFault(pointer, "This person is in the team already."))
        elif user_id not in at_work:
            faults.append(FieldFault(pointer, NoSuchPerson.default))
    if faults:
        raise NoSuchPerson(errors=faults)


async def _insert_named(session: AsyncSession, actor: Actor, data: ProjectCreate) -> dict[str, Any]:
    """Insert under the given slug, or under the first free one that the name makes; others may be doing the same."""
    if data.slug:
        row = await _insert(session, actor, data, data.slug)
        if row is None:
            raise Conflict(SLUG_TAKEN, errors=[FieldFault("/slug", SLUG_TAKEN)])
        return row
    base = slug_of(data.name)
    slug = base
    for _ in range(SLUG_ROUNDS):
        row = await _insert(session, actor, data, slug)
        if row is not None:
            return row
        slug = await _next_slug(session, base)
    raise Conflict("Many projects of this name are being created just now. Try again.")


_LOGGING = logging_of(events.ProjectCreated.consumers, "id", "id", "FROM new")


def _inserting(team: str) -> Direct:
    """The project, its team, its environments and its event: no row when the slug is taken or the owner is not at work
    any more. The owner's row is held until the end of the transaction: nobody deletes them meanwhile.
    """
    return Direct(
        f"""
        WITH new AS (
          INSERT INTO projects (name, slug, description, status, repository_url, owner_id, updated_by_id, version)
          SELECT :name, :slug, :description, :status, :repository_url, id, id, 1 FROM users
          WHERE id = :actor_id AND is_active AND deleted_at IS NULL FOR KEY SHARE
          ON CONFLICT (slug) DO NOTHING RETURNING {", ".join(column.name for column in COLUMNS)}
        ), team AS (
          INSERT INTO project_members (project_id, user_id, role) {team}
        ), environments AS ({starting_of("new")}), {_LOGGING}
        SELECT * FROM new
        """  # noqa: S608  text of ours
    )


_INSERT = _inserting("SELECT id, owner_id, 'owner' FROM new")
_INSERT_WITH_TEAM = _inserting(
    "SELECT id, user_id, role FROM new, unnest(CAST(:user_ids AS bigint[]), CAST(:roles AS text[]))"
    " AS member (user_id, role)"
)


async def _insert(session: AsyncSession, actor: Actor, data: ProjectCreate, slug: str) -> dict[str, Any] | None:
    """None when the slug is taken. Raises NotFound when the actor was deleted at this moment."""
    given = {name: getattr(data, name) for name in GIVEN} | {"slug": slug}
    event = events.ProjectCreated(subject_id=BY_THE_DATABASE, subject_name=data.name, after=given)
    values = given | event_values(actor, event)
    if data.team_members:
        team = {
            "user_ids": [actor.user_id, *(member.user_id for member in data.team_members)],
            "roles": ["owner", *(member.role for member in data.team_members)],
        }
        rows = await _INSERT_WITH_TEAM.run(session, values | team)
    elif data.slug:  # a refusal is rolled back, so nobody is told of it
        rows = await _INSERT.run(session, values)
    else:
        rows = await _INSERT.run_last(session, values)
    if not rows and actor.user_id not in await present(session, [actor.user_id]):
        raise NotFound
    return rows[0] if rows else None


def slug_of(name: str) -> str:
    """A slug from a name: without accents, in lower case, words joined by hyphens; at most 90 characters."""
    plain = unicodedata.normalize("NFKD", name[:MAX_NAME]).encode("ascii", "ignore").decode().lower()
    return _NO_SLUG.sub("-", plain)[:90].strip("-") or "project"


async def _next_slug(session: AsyncSession, base: str) -> str:
    """One above the highest number in use behind `base`."""
    number = func.substr(Project.slug, len(base) + 2)
    taken = await session.execute(
        select(number).where(func.starts_with(Project.slug, f"{base}-"), number.regexp_match("^[1-9][0-9]{0,8}$"))
    )
    return f"{base}-{max((int(n) for n in taken.scalars()), default=1) + 1}"
