"""Creates deployments: finds the environment, checks freezes and sets the first state."""

from typing import NamedTuple

from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.errors import FieldError, Forbidden, NotFound
from tca_app.core.events.log import emit
from tca_app.features.deployments import events
from tca_app.features.deployments.errors import ExternalIdTaken, Frozen, NoSuchEnvironment, ProjectArchived
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
# A shared lock until the transaction ends, so that nobody deletes the environment in the meantime.
_ENVIRONMENT = (
    select(_environments.id, _environments.name, _environments.is_protected)
    .where(
        _environments.project_id == bindparam("project_id"),
        func.lower(_environments.name) == func.lower(bindparam("name")),
        _environments.deleted_at.is_(None),
    )
    .with_for_update(read=True)
)


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


async def find_environment(session: AsyncSession, scope: TargetProject, name: str) -> TargetEnvironment:
    """Returns the environment with that name. Raises ProjectArchived, NoSuchEnvironment."""
    if scope.status == "archived":
        raise ProjectArchived
    row = (await session.execute(_ENVIRONMENT, {"project_id": scope.id, "name": name})).mappings().first()
    if row is None:
        raise NoSuchEnvironment(errors=[FieldError("/environment", NoSuchEnvironment.default)])
    return TargetEnvironment(**row)


async def override_freeze(
    session: AsyncSession, actor: Actor, project_id: int, environment_id: int, reason: str
) -> str:
    """Returns the reason for overriding the active freeze window, "" without a window. Raises Frozen, Forbidden."""
    if reason and not may_override_freeze(actor):
        raise Forbidden("Only administrators can deploy during a freeze.")
    window = await freeze_now(session, project_id, environment_id)
    if window is None:
        return ""
    if not reason:
        missing = [FieldError("/freeze_reason", "Enter a reason for overriding the freeze.")]
        detail = f"New deployments are blocked until {window.ends_at:%Y-%m-%d %H:%M} UTC: {window.why}"
        raise Frozen(detail, errors=missing if may_override_freeze(actor) else [])
    return reason


async def insert_deployment(session: AsyncSession, *, asks: bool = False, **values: object) -> DeploymentRow:
    """Inserts a deployment. Raises ExternalIdTaken."""
    state = {"status": "pending_approval"} if asks else {"status": "queued", "queued_at": func.now()}
    statement = insert(Deployment.__table__).values(state | values)
    statement = statement.on_conflict_do_nothing(
        index_elements=["project_id", "external_id"], index_where=_deployments.external_id.is_not(None)
    )
    made = await session.execute(statement.returning(_deployments.id))
    deployment_id = made.scalar()
    if deployment_id is None:
        raise ExternalIdTaken
    return (await session.execute(WHOLE.where(_deployments.id == deployment_id))).one()


async def emit_created(session: AsyncSession, actor: Actor | None, row: DeploymentRow) -> None:
    """Emits the event of the first state and, before it, that a freeze was overridden."""
    after = {"status": row.status}
    if row.freeze_reason:
        await emit(session, actor, events.FreezeOverridden.of(row, reason=row.freeze_reason))
    if row.status == "queued":
        await emit(session, actor, events.DeploymentQueued.of(row, freeze_reason=row.freeze_reason, after=after))
    else:
        await emit(session, actor, events.DeploymentApprovalRequested.of(row, after=after))
