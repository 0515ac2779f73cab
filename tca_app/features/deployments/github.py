"""What GitHub reports: its deployments and their states are recorded as they are, past approval and freezes.

GitHub has rules of its own for who deploys where; a report says what already happened there. Deliveries come at least
once, in any order and at any time: one that was dealt with is known again, and all times are those of GitHub.
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.errors import NotSignedIn
from tca_app.core.security import new_token
from tca_app.features.deployments.admission import put_deployment, tell_new
from tca_app.features.deployments.github_payloads import (
    Delivery,
    DeploymentPayload,
    PushPayload,
    StatusPayload,
    read_payload,
)
from tca_app.features.deployments.hook import key_of
from tca_app.features.deployments.queries import WHOLE
from tca_app.features.deployments.schemas import HookAnswer
from tca_app.features.deployments.service import correct_times, take_step
from tca_app.models import Deployment, Environment, GithubCommit, GithubDelivery, Project

_deployments, _environments, _projects = Deployment.__table__.c, Environment.__table__.c, Project.__table__.c
# GitHub's states to ours; the others ("queued", "pending", "inactive") change nothing here.
STATES = {"in_progress": "in_progress", "success": "succeeded", "failure": "failed", "error": "failed"}
_PLACE = (
    select(_environments.id)
    .join(Project.__table__, _projects.id == _environments.project_id)
    .where(
        _environments.project_id == bindparam("project_id"),
        func.lower(_environments.name) == func.lower(bindparam("name")),
        _environments.deleted_at.is_(None),
        _projects.status != "archived",
    )
)
_KNOWN = WHOLE.where(
    _deployments.project_id == bindparam("project_id"), _deployments.external_id == bindparam("external_id")
).with_for_update(of=Deployment.__table__, key_share=True)
_NO_KEY = new_token()
CLOCK_SKEW = timedelta(minutes=1)


class BadSignature(NotSignedIn):
    """The same for a project that is not there, has no key, or has another one."""

    code = "bad_signature"
    default = "The signature does not fit."


async def receive(session: AsyncSession, project_id: int, delivery: Delivery) -> HookAnswer:
    """Deal with one delivery. Raises BadSignature, Invalid for a payload that is not GitHub's, EnvironmentBusy."""
    key = await key_of(session, project_id)
    expected = "sha256=" + hmac.new((key or _NO_KEY).encode(), delivery.body, hashlib.sha256).hexdigest()
    fits = hmac.compare_digest(expected.encode(), delivery.signature.encode())
    if not fits or key is None:
        raise BadSignature
    values = {"project_id": project_id, "delivery": delivery.id, "event": delivery.event}
    put = insert(GithubDelivery.__table__).values(values).on_conflict_do_nothing()
    if (await session.execute(put.returning(GithubDelivery.__table__.c.delivery))).first() is None:
        return HookAnswer(outcome="known", detail="This delivery was dealt with before.")
    if delivery.event == "ping":
        return HookAnswer(outcome="done", detail="Here.")
    payload = read_payload(delivery)
    if payload is None:
        return HookAnswer(outcome="ignored", detail=f"Nothing is done about {delivery.event}.")
    if isinstance(payload, PushPayload):
        return await _keep_commits(session, project_id, payload)
    return await _report(session, project_id, payload)


async def _keep_commits(session: AsyncSession, project_id: int, payload: PushPayload) -> HookAnswer:
    """When each commit was made, for the lead time of what is deployed of them."""
    times = {commit.id: commit.timestamp.astimezone(UTC) for commit in payload.all_commits()}
    if not times:
        return HookAnswer(outcome="ignored", detail="There are no commits in this push.")
    rows = [{"project_id": project_id, "sha": sha, "at": at} for sha, at in sorted(times.items())]
    await session.execute(insert(GithubCommit.__table__).values(rows).on_conflict_do_nothing())
    waiting = select(_deployments.id, _deployments.commit_sha).where(
        _deployments.project_id == project_id, _deployments.commit_at.is_(None), _deployments.commit_sha.in_(times)
    )
    for row in (await session.execute(waiting)).all():
        await correct_times(session, row.id, commit_at=times[row.commit_sha])
    return HookAnswer(outcome="done", detail=f"{len(times)} commits are known.")


async def _report(session: AsyncSession, project_id: int, payload: DeploymentPayload) -> HookAnswer:
    """The deployment, which an earlier delivery may have brought, and the state that it is in now."""
    row = await _find_or_put(session, project_id, payload)
    if row is None:
        return HookAnswer(outcome="ignored", detail=f"There is no environment called {payload.deployment.environment}.")
    if payload.deployment_status is not None:
        row = await _follow(session, row, payload.deployment_status)
    return HookAnswer(outcome="done", detail=f"The deployment is {row.status}.")


async def _follow(session: AsyncSession, row: Any, reported: StatusPayload) -> Any:
    """The row after this state of GitHub's, which may have come late or before the ones that led to it."""
    wanted, at = STATES.get(reported.state, ""), _time_of(reported.created_at, row.started_at or row.queued_at)
    if row.finished_at is not None:
        if wanted == "in_progress" and at <= row.finished_at and _is_better_start(row, at):
            await correct_times(session, row.id, started_at=at)
        return row
    if not wanted or row.status == wanted:
        return row
    reason = reported.description[:500] if wanted == "failed" else ""
    return await take_step(session, None, row, wanted, reason, at)


def _is_better_start(row: Any, at: datetime) -> bool:
    """The start was not reported before the end: it is missing, or is taken for the time of the request."""
    return row.started_at is None or row.started_at == row.queued_at < at


def _time_of(reported: datetime | None, earliest: datetime | None = None) -> datetime:
    """The time that GitHub gives, not before `earliest`; without one, or with one of the future, the present."""
    now = datetime.now(UTC)
    at = reported if reported and reported <= now + CLOCK_SKEW else now
    return max(at, earliest) if earliest else at


async def _find_or_put(session: AsyncSession, project_id: int, payload: DeploymentPayload) -> Any:
    """The row, locked; None when the project has no such environment, or is archived."""
    reported = payload.deployment
    named = {"project_id": project_id, "external_id": f"github-{reported.id}"}
    if (known := (await session.execute(_KNOWN, named)).first()) is not None:
        return known
    place = await session.execute(_PLACE, {"project_id": project_id, "name": reported.environment})
    environment_id = place.scalar()
    if environment_id is None:
        return None
    created_at = _time_of(reported.created_at)
    row = await put_deployment(
        session,
        **named,
        environment_id=environment_id,
        created_at=created_at,
        queued_at=created_at,
        source="github",
        version=reported.version,
        commit_sha=reported.sha,
        ref=reported.ref[:200],
        commit_at=await _made_at(session, project_id, reported.sha),
        description=(reported.description or "")[:2000],
        reporter=reported.creator.login,
    )
    if row is not None:
        await tell_new(session, None, row)
    return (await session.execute(_KNOWN, named)).one()


async def _made_at(session: AsyncSession, project_id: int, sha: str) -> datetime | None:
    known = select(GithubCommit.at).where(GithubCommit.project_id == project_id, GithubCommit.sha == sha)
    return (await session.execute(known)).scalar()
