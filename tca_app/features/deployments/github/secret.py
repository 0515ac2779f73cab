"""The GitHub webhook of a project: its secret, shown once and stored encrypted, and its repository."""

from datetime import datetime

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.errors import NotFound
from tca_app.core.events.log import emit
from tca_app.core.security.encryption import DecryptionError, decrypt, encrypt
from tca_app.core.security.tokens import new_token
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.deployments.errors import AnotherRepository
from tca_app.features.deployments.events import GithubHookRemoved, GithubHookRotated, GithubRepositoryAccepted
from tca_app.features.deployments.github.payloads import Repository
from tca_app.features.deployments.github.schemas import (
    HookRead,
    NewHook,
    RefusedRepository,
    RepositoryChoice,
    RepositoryRef,
)
from tca_app.features.projects import policy
from tca_app.features.projects.service import find_project, get_project
from tca_app.models import GithubHook, Project

_hooks = GithubHook.__table__.c
_NO_REFUSED = {"refused_repository_id": None, "refused_repository": "", "refused_at": None}


async def read_hook(session: AsyncSession, actor: Actor, project_id: int) -> HookRead:
    """Returns the payload URL, the age of the secret, the repository, and a refused one."""
    project = await get_project(session, actor, project_id)
    policy.require(actor, "hooks.write", project.my_role)
    return await _read(session, project_id)


async def _read(session: AsyncSession, project_id: int) -> HookRead:
    row = (await session.execute(select(GithubHook.__table__).where(_hooks.project_id == project_id))).first()
    if row is None:
        return HookRead(url=_url(project_id), rotated_at=None)
    refused_id = row.refused_repository_id
    refused = {"id": refused_id, "full_name": row.refused_repository, "refused_at": row.refused_at}
    return HookRead(
        url=_url(project_id),
        rotated_at=row.rotated_at,
        repository=RepositoryRef(id=row.repository_id, full_name=row.repository) if row.repository_id else None,
        refused=None if refused_id is None else RefusedRepository(**refused),
    )


async def rotate_hook(session: AsyncSession, actor: Actor, project_id: int) -> NewHook:
    """Generates a new secret and returns it, the only time that it is shown. The current one stops working."""
    project = await find_project(session, actor, "hooks.write", project_id)
    await require_recent_proof(session, actor)
    key = new_token()
    values = {"sealed_secret": encrypt(key, _purpose(project_id)), "rotated_at": func.now()}
    put = insert(GithubHook.__table__).values(project_id=project_id, **values)
    upsert = put.on_conflict_do_update(index_elements=["project_id"], set_=values).returning(_hooks.rotated_at)
    rotated_at: datetime = (await session.execute(upsert)).scalar_one()
    await emit(session, actor, GithubHookRotated.of(project))
    return NewHook(url=_url(project_id), rotated_at=rotated_at, secret=key)


async def remove_hook(session: AsyncSession, actor: Actor, project_id: int) -> None:
    """Removes the secret, so that every delivery is refused. Raises NotFound when there is none."""
    project = await find_project(session, actor, "hooks.write", project_id)
    gone = delete(GithubHook.__table__).where(_hooks.project_id == project_id).returning(_hooks.project_id)
    if (await session.execute(gone)).first() is None:
        raise NotFound
    await emit(session, actor, GithubHookRemoved.of(project))


async def accept_repository(session: AsyncSession, actor: Actor, project_id: int, data: RepositoryChoice) -> HookRead:
    """Accepts the refused repository in place of the current one. Raises NotFound when it is not the refused one."""
    project = await find_project(session, actor, "hooks.write", project_id)
    before = await _read(session, project_id)
    swapped = update(GithubHook.__table__).where(
        _hooks.project_id == project_id, _hooks.refused_repository_id == data.repository_id
    )
    swapped = swapped.values(
        repository_id=_hooks.refused_repository_id, repository=_hooks.refused_repository, **_NO_REFUSED
    )
    if (await session.execute(swapped.returning(_hooks.project_id))).first() is not None:
        after = await _read(session, project_id)
        await emit(session, actor, GithubRepositoryAccepted.of(project, before=_name(before), after=_name(after)))
        return after
    if before.repository is None or before.repository.id != data.repository_id:
        raise NotFound
    return before  # it was accepted already


def _name(hook: HookRead) -> dict[str, str]:
    return {"repository": hook.repository.full_name if hook.repository else ""}


async def require_repository(session: AsyncSession, project_id: int, repository: Repository) -> None:
    """Binds the webhook to the first repository. Raises AnotherRepository for others, and stores the refused one."""
    mine = update(GithubHook.__table__).where(_hooks.project_id == project_id)
    is_new_name = and_(_hooks.repository_id == repository.id, _hooks.repository != repository.full_name)
    await session.execute(
        mine.where(or_(_hooks.repository_id.is_(None), is_new_name)).values(
            repository_id=repository.id, repository=repository.full_name
        )
    )
    known = (await _read(session, project_id)).repository
    if known is None or known.id == repository.id:  # None: the webhook was removed in the meantime
        return
    refused = {"refused_repository_id": repository.id, "refused_repository": repository.full_name}
    await session.execute(mine.values(**refused, refused_at=func.now()))
    raise AnotherRepository(
        f"This webhook is for {known.full_name}. A maintainer can accept {repository.full_name} in the settings of "
        "the project; send the delivery again after that."
    )


async def secret_of(session: AsyncSession, project_id: int) -> str | None:
    """Returns the secret, or None when the project does not exist or has none."""
    statement = select(_hooks.sealed_secret).join(Project, col(Project.id) == _hooks.project_id)
    found = await session.execute(statement.where(_hooks.project_id == project_id, col(Project.deleted_at).is_(None)))
    sealed = found.scalar()
    try:
        return decrypt(sealed, _purpose(project_id)) if sealed else None
    except DecryptionError:  # SECRET_KEY has changed: maintainers must generate a new secret
        return None


def _url(project_id: int) -> str:
    return f"{get_settings().public_url}/api/hooks/github/{project_id}"


def _purpose(project_id: int) -> str:
    return f"github_hook:{project_id}"
