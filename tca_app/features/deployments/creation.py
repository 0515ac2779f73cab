"""Creates deployments: finds the environment, checks freezes and sets the first state."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.errors import FieldError, Forbidden, NotFound
from tca_app.core.events.log import emit
from tca_app.core.language.messages import _
from tca_app.core.region.formats import ZONE, time_words
from tca_app.features.deployments import events
from tca_app.features.deployments.errors import (
    EnvironmentBusy,
    ExternalIdTaken,
    Frozen,
    NoSuchEnvironment,
    ProjectArchived,
)
from tca_app.features.deployments.policy import may_override_freeze
from tca_app.features.deployments.queries import WHOLE, DeploymentRow
from tca_app.features.environments.freezes import freeze_now
from tca_app.features.projects import policy
from tca_app.models import Deployment, Environment, Project, ProjectMember

_deployments, _environments = Deployment.__table__.c, Environment.__table__.c
_projects, _members = Project.__table__.c, ProjectMember.__table__.c
_SCOPE = (
    select(_projects.id, _projects.name, _projects.status, _members.role.label("my_role"))
    .select_from(Project.__table__)
    .outerjoin(
        ProjectMember.__table__,
        and_(_members.project_id == _projects.id, _members.user_id == bindparam("actor_id")),
    )
    .where(_projects.id == bindparam("project_id"), _projects.deleted_at.is_(None))
)
_ENVIRONMENT = select(_environments.id, _environments.name, _environments.is_protected).where(
    _environments.project_id == bindparam("project_id"),
    func.lower(_environments.name) == func.lower(bindparam("name")),
    _environments.deleted_at.is_(None),
)
# A shared lock until the transaction ends, so that nobody deletes the environment in the meantime. Who starts at once
# takes the lock of all starts instead: two who wait for it with shared ones would wait for each other.
_SHARED = _ENVIRONMENT.with_for_update(read=True)
_TO_START = _ENVIRONMENT.with_for_update(key_share=True)


class TargetProject(NamedTuple):
    """The project of a new deployment, with the role of the actor in it."""

    id: int
    name: str
    status: str
    my_role: str | None


class TargetEnvironment(NamedTuple):
    """The environment of a new deployment."""

    id: int
    name: str
    is_protected: bool


async def find_scope(session: AsyncSession, actor: Actor, project_id: int) -> TargetProject:
    """Returns the project with `my_role`, for an actor who may deploy. Raises NotFound, Forbidden."""
    row = (await session.execute(_SCOPE, {"project_id": project_id, "actor_id": actor.user_id})).mappings().first()
    if row is None:
        raise NotFound
    scope = TargetProject(**row)
    policy.require(actor, "deployments.write", scope.my_role)
    return scope


async def find_environment(
    session: AsyncSession, scope: TargetProject, name: str, *, starts: bool = False
) -> TargetEnvironment:
    """Returns the environment with that name. Raises ProjectArchived, NoSuchEnvironment."""
    if scope.status == "archived":
        raise ProjectArchived
    found = await session.execute(_TO_START if starts else _SHARED, {"project_id": scope.id, "name": name})
    row = found.mappings().first()
    if row is None:
        raise NoSuchEnvironment(errors=[FieldError("/environment", NoSuchEnvironment.default)])
    return TargetEnvironment(**row)


async def override_freeze(
    session: AsyncSession,
    actor: Actor,
    project_id: int,
    environment_id: int,
    reason: str,
    ended_at: datetime | None = None,
) -> str:
    """Returns the reason for overriding the active freeze window, "" without a window. Raises Frozen, Forbidden.

    What ended before the window began is not blocked by it.
    """
    if reason and not may_override_freeze(actor):
        raise Forbidden(_("Only administrators can deploy during a freeze."))
    window = await freeze_now(session, project_id, environment_id, ended_at)
    if window is None:
        return ""
    if not reason:
        missing = [FieldError("/freeze_reason", _("Enter a reason for overriding the freeze."))]
        until = time_words(window.ends_at, ZONE.get())
        detail = _("New deployments are blocked until {until}: {reason}", until=until, reason=window.why)
        raise Frozen(detail, errors=missing if may_override_freeze(actor) else [])
    return reason


async def insert_deployment(session: AsyncSession, *, asks: bool = False, **values: object) -> DeploymentRow:
    """Inserts a deployment, in its first state unless `values` name another. Raises ExternalIdTaken."""
    first = {"status": "pending_approval"} if asks else {"status": "queued", "queued_at": func.now()}
    statement = insert(Deployment.__table__).values(values if "status" in values else first | values)
    statement = statement.on_conflict_do_nothing(
        index_elements=["project_id", "external_id"], index_where=_deployments.external_id.is_not(None)
    )
    made = await session.execute(statement.returning(_deployments.id))
    deployment_id = made.scalar()
    if deployment_id is None:
        raise ExternalIdTaken
    return (await session.execute(WHOLE.where(_deployments.id == deployment_id))).one()


async def refuse_busy(session: AsyncSession, environment_id: int) -> None:
    """Raises EnvironmentBusy. Concurrent starts in one environment are serialized, so the second sees the first."""
    place = select(_environments.allow_parallel).where(_environments.id == environment_id)
    if (await session.execute(place.with_for_update(key_share=True))).scalar_one():
        return
    others = select(_deployments.id).where(
        _deployments.environment_id == environment_id,
        _deployments.status == "in_progress",
        _deployments.finished_at.is_(None),
    )
    if (await session.execute(others.limit(1))).first():
        raise EnvironmentBusy


async def emit_created(
    session: AsyncSession, actor: Actor | None, row: DeploymentRow, *, is_history: bool = False
) -> None:
    """Emits the event of the first state and, before it, that a freeze was overridden."""
    about: dict[str, Any] = {"after": {"status": row.status} | _times_of(row)}
    if row.freeze_reason:
        await emit(session, actor, events.FreezeOverridden.of(row, reason=row.freeze_reason))
    if is_history:
        await emit(session, actor, events.DeploymentImported.of(row, outcome=row.status, **about))
        return
    if row.status == "queued":
        about["freeze_reason"] = row.freeze_reason
    elif row.status in ("failed", "cancelled"):
        about["reason"] = row.reason
    await emit(session, actor, events.OF_STATUS[row.status].of(row, **about))
    if row.status == "queued":
        await emit_requested(session, actor, row)


async def emit_requested(session: AsyncSession, actor: Actor | None, row: DeploymentRow) -> None:
    """Emits that CI should act on a queued deployment, unless CI reported it itself."""
    if row.source != "ui" and row.rollback_of_id is None:
        return
    names = ("project_slug", "commit_sha", "ref", "rollback_of_id")
    about = {name: getattr(row, name) for name in names} | {"asked_by_id": row.created_by_id}
    await emit(session, actor, events.DeploymentRequested.of(row, **about))


def _times_of(row: DeploymentRow) -> dict[str, str]:
    """Returns the times of a deployment that was started or finished when it was first reported."""
    if row.status in ("pending_approval", "queued"):
        return {}
    times = {"queued_at": row.queued_at, "started_at": row.started_at, "finished_at": row.finished_at}
    return {name: at.isoformat() for name, at in times.items() if at is not None}
