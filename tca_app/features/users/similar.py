"""Finds people whose name is like a text, for those who do not type it exactly."""

from sqlalchemy import ColumnElement, Subquery, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.lists import to_reads
from tca_app.core.database.similar import MAX_SIMILAR, newest, resembles, whole_first
from tca_app.features.users import policy
from tca_app.features.users.schemas import PersonRead
from tca_app.models import Project, ProjectMember, User

_users, _projects, _members = User.__table__.c, Project.__table__.c, ProjectMember.__table__.c
_PEOPLE = select(*(_users[name] for name in PersonRead.model_fields), _users.search_text)
_PEOPLE = _PEOPLE.where(_users.deleted_at.is_(None), _users.kind == "person")


async def find_similar(session: AsyncSession, actor: Actor, text: str) -> list[PersonRead]:
    """Returns users with the letters of each word of `text` in their order, by username. For administrators."""
    policy.require(actor, "users.list")
    tried = newest(_PEOPLE, _users.id)
    return await _read(session, tried, resembles(text, tried.c.search_text.like))


async def find_teammates(session: AsyncSession, actor: Actor, text: str) -> list[PersonRead]:
    """Returns active people who are in a project with the actor, like `find_similar`, whole names with the text first.

    It searches names only, so it reveals no email address.
    """
    policy.require(actor, "users.directory")
    mine = select(_members.project_id).join(Project.__table__, _projects.id == _members.project_id)
    mine = mine.where(_members.user_id == actor.user_id, _projects.deleted_at.is_(None))
    in_team = _users.id.in_(select(_members.user_id).where(_members.project_id.in_(mine)))
    tried = newest(_PEOPLE.where(_users.is_active, in_team), _users.id)
    names = func.fold_text(tried.c.username + literal("\n") + tried.c.full_name)
    wanted = resembles(text, tried.c.search_text.like) & resembles(text, names.like)  # the cheaper one first
    return await _read(session, tried, wanted, whole_first(text, names))


async def _read(
    session: AsyncSession, people: Subquery, wanted: ColumnElement[bool], *order: ColumnElement[bool]
) -> list[PersonRead]:
    rows = select(*(people.c[name] for name in PersonRead.model_fields)).where(wanted)
    rows = rows.order_by(*order, func.lower(people.c.username), people.c.id).limit(MAX_SIMILAR)
    return to_reads(PersonRead, await session.execute(rows))
