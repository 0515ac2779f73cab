"""The key of a project's GitHub webhook: made here, shown once, kept sealed."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config import get_settings
from tca_app.core.actor import Actor
from tca_app.core.errors import NotFound
from tca_app.core.events import emit
from tca_app.core.sealing import CannotOpen, seal, unseal
from tca_app.core.security import new_token
from tca_app.features.deployments.events import GithubHookRemoved, GithubHookRotated
from tca_app.features.deployments.schemas import HookRead, NewHook
from tca_app.features.projects import policy
from tca_app.features.projects.service import find_project, get_project
from tca_app.models import GithubHook, Project

_hooks = GithubHook.__table__.c


async def read_hook(session: AsyncSession, actor: Actor, project_id: int) -> HookRead:
    """Where GitHub is to send, and since when there is a key for it."""
    project = await get_project(session, actor, project_id)
    policy.require(actor, "hooks.write", project.my_role)
    found = await session.execute(select(_hooks.rotated_at).where(_hooks.project_id == project_id))
    return HookRead(url=_url(project_id), rotated_at=found.scalar())


async def rotate_hook(session: AsyncSession, actor: Actor, project_id: int) -> NewHook:
    """A new key in place of the one before, which holds no longer. The only time that it is shown."""
    project = await find_project(session, actor, "hooks.write", project_id)
    key = new_token()
    values = {"sealed_secret": seal(key, _purpose(project_id)), "rotated_at": func.now()}
    put = insert(GithubHook.__table__).values(project_id=project_id, **values)
    put = put.on_conflict_do_update(index_elements=["project_id"], set_=values).returning(_hooks.rotated_at)
    rotated_at: datetime = (await session.execute(put)).scalar_one()
    await emit(session, actor, GithubHookRotated.of(project))
    return NewHook(url=_url(project_id), rotated_at=rotated_at, secret=key)


async def remove_hook(session: AsyncSession, actor: Actor, project_id: int) -> None:
    """From now on nothing of GitHub is taken. Raises NotFound when there is no key."""
    project = await find_project(session, actor, "hooks.write", project_id)
    gone = delete(GithubHook.__table__).where(_hooks.project_id == project_id).returning(_hooks.project_id)
    if (await session.execute(gone)).first() is None:
        raise NotFound
    await emit(session, actor, GithubHookRemoved.of(project))


async def key_of(session: AsyncSession, project_id: int) -> str | None:
    """The key, while the project is there and has one."""
    statement = select(_hooks.sealed_secret).join(Project, Project.id == _hooks.project_id)
    found = await session.execute(statement.where(_hooks.project_id == project_id, Project.deleted_at.is_(None)))
    sealed = found.scalar()
    try:
        return unseal(sealed, _purpose(project_id)) if sealed else None
    except CannotOpen:  # SECRET_KEY is another one now: the maintainers make a new key
        return None


def _url(project_id: int) -> str:
    return f"{get_settings().public_url}/api/hooks/github/{project_id}"


def _purpose(project_id: int) -> str:
    return f"github_hook:{project_id}"
