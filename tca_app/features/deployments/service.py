"""Service functions for deployments: create them and move them from state to state."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.errors import FieldError, NotFound
from tca_app.core.events.log import emit
from tca_app.features.deployments import events
from tca_app.features.deployments.commits.service import store_reported
from tca_app.features.deployments.compare import read_changes as read_changes
from tca_app.features.deployments.creation import (
    emit_created,
    find_environment,
    find_scope,
    insert_deployment,
    override_freeze,
    refuse_busy,
)
from tca_app.features.deployments.errors import (
    ApprovalRequired,
    EnvironmentBusy,
    ExternalIdTaken,
    IllegalStep,
    illegal_step,
)
from tca_app.features.deployments.listing.queries import list_deployments as list_deployments
from tca_app.features.deployments.policy import FINISHED, needs_approval, next_states
from tca_app.features.deployments.queries import (
    ONE,
    WHOLE,
    DeploymentRow,
    VisibleDeployment,
    current_by_environment as current_by_environment,
    deployment_read,
    get_deployment as get_deployment,
)
from tca_app.features.deployments.reports.times import TIMES, is_history, reported_state
from tca_app.features.deployments.schemas import DeploymentCreate, DeploymentRead, DeploymentStep, Source
from tca_app.features.projects import policy
from tca_app.models import Deployment

_deployments = Deployment.__table__.c
SIGN_OF_LIFE_EVERY = timedelta(minutes=1)
_WORDS = {"pending_approval": "awaiting approval", "in_progress": "in progress"}
_KNOWN = WHOLE.where(
    _deployments.project_id == bindparam("project_id"), _deployments.external_id == bindparam("external_id")
)
_LOCKED = ONE.with_for_update(of=Deployment.__table__, key_share=True)


async def create_deployment(
    session: AsyncSession, actor: Actor, project_id: int, data: DeploymentCreate, source: Source = "api"
) -> DeploymentRead:
    """Records a deployment with its reported state and times: by default it is queued, or requests approval in a
    protected environment. Raises NoSuchEnvironment, Frozen, ApprovalRequired, EnvironmentBusy, Invalid."""
    scope = await find_scope(session, actor, project_id)
    if data.external_id and (known := await _known(session, project_id, data)) is not None:
        return deployment_read(known)
    starts = data.status == "in_progress"
    place = await find_environment(session, scope, data.environment, starts=starts)
    asks = needs_approval(actor, scope.my_role, is_protected=place.is_protected)
    if asks and data.status != "queued":
        raise ApprovalRequired
    state = reported_state(data, asks=asks)
    ended_at = state.get("finished_at")
    reason = await override_freeze(session, actor, project_id, place.id, data.freeze_reason, ended_at)
    if starts:
        await refuse_busy(session, place.id)
    values = data.model_dump(exclude={"environment", "commits", *TIMES}) | state
    values |= {"environment_id": place.id, "created_by_id": actor.user_id, "freeze_reason": reason}
    try:
        row = await insert_deployment(session, project_id=project_id, source=source, **values)
    except ExternalIdTaken:  # someone else just reported it
        known = await _known(session, project_id, data)
        if known is None:
            raise
        return deployment_read(known)
    if data.commits is not None:
        await store_reported(session, project_id, data.commit_sha, data.commits)
    await emit_created(session, actor, row, is_history=is_history(ended_at))
    return deployment_read(row)


async def _known(session: AsyncSession, project_id: int, data: DeploymentCreate) -> DeploymentRow | None:
    """Returns the deployment with this external id. Raises ExternalIdTaken when its data differs."""
    row = (await session.execute(_KNOWN, {"project_id": project_id, "external_id": data.external_id})).first()
    is_same = row is None or (row.version, row.environment_name.lower()) == (data.version, data.environment.lower())
    if not is_same:
        raise ExternalIdTaken(errors=[FieldError("/external_id", ExternalIdTaken.default)])
    return row


async def find_deployment(session: AsyncSession, actor: Actor, action: str, deployment_id: int) -> VisibleDeployment:
    """Returns a deployment on which the actor may do `action`, and locks it. Raises NotFound, Forbidden."""
    row = (await session.execute(_LOCKED, {"deployment_id": deployment_id, "actor_id": actor.user_id})).first()
    if row is None:
        raise NotFound
    policy.require(actor, action, row.my_role)
    return row


async def step_deployment(
    session: AsyncSession, actor: Actor, deployment_id: int, data: DeploymentStep
) -> DeploymentRead:
    """Moves a deployment to its reported next state. Raises IllegalStep, EnvironmentBusy."""
    row = await find_deployment(session, actor, "deployments.write", deployment_id)
    try:
        if data.status not in next_states(row):
            raise illegal_step(row, data.status)
        return deployment_read(await take_step(session, actor, row, data.status, data.reason))
    except (IllegalStep, EnvironmentBusy) as refusal:
        await note_sign_of_life(session, row.id)
        refusal.keeps_changes = True
        raise


async def step_by_external_id(
    session: AsyncSession, actor: Actor, project_id: int, external_id: str, data: DeploymentStep
) -> DeploymentRead:
    """Does the same for the deployment with the reporter's own id. Raises NotFound, IllegalStep, EnvironmentBusy."""
    row = (await session.execute(_KNOWN, {"project_id": project_id, "external_id": external_id})).first()
    if row is None:
        raise NotFound
    return await step_deployment(session, actor, row.id, data)


async def note_sign_of_life(session: AsyncSession, deployment_id: int) -> None:
    """Records that a deployment is still being reported, with at most one write a minute."""
    open_ = (_deployments.id == deployment_id, _deployments.finished_at.is_(None))
    quiet = _deployments.updated_at < func.clock_timestamp() - SIGN_OF_LIFE_EVERY
    alive = update(Deployment.__table__).where(*open_, quiet)
    await session.execute(alive.values(updated_at=func.clock_timestamp()))


def in_words(status: str) -> str:
    """Returns a state for use inside a sentence."""
    return _WORDS.get(status, status)


async def take_step(
    session: AsyncSession,
    actor: Actor | None,
    row: DeploymentRow,
    status: str,
    reason: str = "",
    at: datetime | None = None,
) -> DeploymentRow:
    """Sets the state of a locked `row`, emits its event and returns the new row.

    `at` is the time of the change, now by default. Raises EnvironmentBusy.
    """
    if status == "in_progress":
        await refuse_busy(session, row.environment_id)
    changes: dict[str, object] = {"status": status, "reason": reason, "timed_out_at": None, "is_waiting": False}
    changes |= _times(row, status, at or func.clock_timestamp())
    await session.execute(update(Deployment.__table__).where(_deployments.id == row.id).values(**changes))
    after = (await session.execute(WHOLE.where(_deployments.id == row.id))).one()
    told: dict[str, Any] = {"before": {"status": row.status}, "after": {"status": status}}
    if status == "queued":
        told["freeze_reason"] = after.freeze_reason
    elif status in ("failed", "cancelled"):
        told["reason"] = reason
    if row.timed_out_at is not None:
        await emit(session, actor, events.DeploymentResumed.of(after))
    await emit(session, actor, events.OF_STATUS[status].of(after, **told))
    return after


def _times(row: DeploymentRow, status: str, at: datetime | ColumnElement[datetime]) -> dict[str, object]:
    """Returns the times that a step sets. Without a reported start, a success started when it was requested."""
    if status in FINISHED:
        was_started = row.started_at is not None or status != "succeeded"
        return {"finished_at": at} if was_started else {"started_at": row.queued_at, "finished_at": at}
    if status == "queued":
        return {"queued_at": at}
    return {"started_at": row.started_at or at, "finished_at": None}


async def correct_times(session: AsyncSession, deployment_id: int, **times: datetime) -> None:
    """Stores times that were not known before. The event of a finished deployment corrects the aggregates."""
    changed = update(Deployment.__table__).where(_deployments.id == deployment_id).values(times)
    await session.execute(changed)
    row = (await session.execute(WHOLE.where(_deployments.id == deployment_id))).first()
    if row is not None and row.finished_at is not None:
        after = {name: at.isoformat() for name, at in times.items()}
        await emit(session, None, events.DeploymentCorrected.of(row, after=after))
