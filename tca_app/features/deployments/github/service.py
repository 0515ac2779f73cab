"""Records the deployments that GitHub reports, without approvals and freezes.

GitHub has its own rules for who deploys where, and reports what has already happened. Deliveries arrive at least once
and in any order: repeated ones are recognized, and all times are those of GitHub.
"""

import hashlib
import hmac
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.errors import NotSignedIn
from tca_app.core.plurals import plural
from tca_app.core.security.tokens import new_token
from tca_app.features.deployments.commits.schemas import MAX_COMMITS
from tca_app.features.deployments.commits.service import PushedCommit, store_commits, store_steps, time_of
from tca_app.features.deployments.creation import emit_created, insert_deployment
from tca_app.features.deployments.errors import ExternalIdTaken
from tca_app.features.deployments.github.payloads import (
    Delivery,
    DeploymentPayload,
    PingPayload,
    PushPayload,
    StatusPayload,
    read_payload,
)
from tca_app.features.deployments.github.schemas import HookAnswer
from tca_app.features.deployments.github.secret import require_repository, secret_of
from tca_app.features.deployments.queries import WHOLE, DeploymentRow
from tca_app.features.deployments.reports.times import CLOCK_SKEW
from tca_app.features.deployments.service import correct_times, in_words, note_sign_of_life, take_step
from tca_app.models import Deployment, Environment, GithubDelivery, Project

_deliveries = GithubDelivery.__table__.c
_deployments, _environments, _projects = Deployment.__table__.c, Environment.__table__.c, Project.__table__.c
# Maps GitHub's states to the console's. Some of the others mean that it waits; "inactive" changes nothing.
STATES = {"in_progress": "in_progress", "success": "succeeded", "failure": "failed", "error": "failed"}
WAITING = frozenset({"waiting", "pending", "queued"})
_ENVIRONMENT = (
    select(_environments.id, _projects.status)
    .join(Project.__table__, _projects.id == _environments.project_id)
    .where(
        _environments.project_id == bindparam("project_id"),
        func.lower(_environments.name) == func.lower(bindparam("name")),
        _environments.deleted_at.is_(None),
    )
)
_KNOWN = WHOLE.where(
    _deployments.project_id == bindparam("project_id"), _deployments.external_id == bindparam("external_id")
).with_for_update(of=Deployment.__table__, key_share=True)
MAX_REF = 300
_NO_SECRET = new_token()


class BadSignature(NotSignedIn):
    """The signature is wrong, or the project does not exist or has no secret: the response is the same."""

    code = "bad_signature"
    default = "The signature does not match."


async def receive(session: AsyncSession, project_id: int, delivery: Delivery) -> HookAnswer:
    """Records one delivery. Raises BadSignature, Invalid (not a GitHub payload), AnotherRepository,
    EnvironmentBusy."""
    await _require_signature(session, project_id, delivery)
    payload = read_payload(delivery)
    if payload is None:
        return HookAnswer(outcome="ignored", detail=f"The event {delivery.event} is not recorded.")
    if payload.repository is not None:
        await require_repository(session, project_id, payload.repository)
    if isinstance(payload, PingPayload):
        return HookAnswer(outcome="done", detail="Connected.")
    if not delivery.id:
        return await _record(session, project_id, payload)
    values = {"project_id": project_id, "delivery": delivery.id, "event": delivery.event}
    put = insert(GithubDelivery.__table__).values(values).on_conflict_do_nothing()
    if (await session.execute(put.returning(_deliveries.delivery))).first() is None:
        return HookAnswer(outcome="known", detail="This delivery has already been recorded.")
    answer = await _record(session, project_id, payload)
    if answer.outcome != "done":  # it may be sent again once the project has what was missing
        mine = (_deliveries.project_id == project_id, _deliveries.delivery == delivery.id)
        await session.execute(delete(GithubDelivery.__table__).where(*mine))
    return answer


async def _require_signature(session: AsyncSession, project_id: int, delivery: Delivery) -> None:
    """Raises BadSignature unless the signature matches the bytes as received."""
    secret = await secret_of(session, project_id)
    expected = "sha256=" + hmac.new((secret or _NO_SECRET).encode(), delivery.body, hashlib.sha256).hexdigest()
    matches = hmac.compare_digest(expected.encode(), delivery.signature.encode())
    if not matches or secret is None:
        raise BadSignature


async def _record(session: AsyncSession, project_id: int, payload: PushPayload | DeploymentPayload) -> HookAnswer:
    if isinstance(payload, PushPayload):
        return await _keep_commits(session, project_id, payload)
    return await _report(session, project_id, payload)


async def _keep_commits(session: AsyncSession, project_id: int, payload: PushPayload) -> HookAnswer:
    """Stores the commits: their times, for lead times, and their order on the branch."""
    commits = {
        commit.id: PushedCommit(commit.id, commit.timestamp, commit.message, commit.author_name, commit.url)
        for commit in payload.all_commits()
    }
    if not commits:
        return HookAnswer(outcome="ignored", detail="This push has no commits.")
    await store_commits(session, project_id, list(commits.values()), is_signed=True)
    newest = [commit.id for commit in payload.commits[-MAX_COMMITS:]]
    since = payload.since if len(newest) == len(payload.commits) else ""
    await store_steps(session, project_id, payload.ref[:MAX_REF], since, newest)
    times = {sha: commit.at.astimezone(UTC) for sha, commit in commits.items()}
    waiting = select(_deployments.id, _deployments.commit_sha).where(
        _deployments.project_id == project_id, _deployments.commit_at.is_(None), _deployments.commit_sha.in_(times)
    )
    for row in (await session.execute(waiting)).all():
        await correct_times(session, row.id, commit_at=times[row.commit_sha])
    return HookAnswer(outcome="done", detail=f"Recorded {plural(len(times), 'commit')}.")


async def _report(session: AsyncSession, project_id: int, payload: DeploymentPayload) -> HookAnswer:
    """Creates or updates the deployment of a delivery, with its links and current state."""
    named = {"project_id": project_id, "external_id": f"github-{payload.deployment.id}"}
    row: DeploymentRow | None = (await session.execute(_KNOWN, named)).first()
    if row is None:
        about = {"project_id": project_id, "name": payload.deployment.environment}
        place = (await session.execute(_ENVIRONMENT, about)).first()
        if place is None or place.status == "archived":
            refusal = _refusal(payload.deployment.environment, is_archived=place is not None)
            return HookAnswer(outcome="ignored", detail=refusal)
        await _put(session, named, place.id, payload)
        row = (await session.execute(_KNOWN, named)).one()
    await _keep_links(session, row, payload)
    if payload.deployment_status is not None:
        row = await _follow(session, row, payload.deployment_status)
        if refusal := _contradiction(row, STATES.get(payload.deployment_status.state, "")):
            return HookAnswer(outcome="ignored", detail=refusal)
    return HookAnswer(outcome="done", detail=f"The deployment is {in_words(row.status)}.")


def _contradiction(row: DeploymentRow, reported: str) -> str:
    """Returns why a result has no effect, or "" when it agrees. The first result of the source or a person is final."""
    if row.finished_at is None or reported in ("", "in_progress", row.status):
        return ""
    return f"The deployment is already {in_words(row.status)}. Its first result stays."


async def _follow(session: AsyncSession, row: DeploymentRow, reported: StatusPayload) -> DeploymentRow:
    """Returns the row after a state of GitHub, which may arrive late or before the states that led to it."""
    wanted, at = STATES.get(reported.state, ""), _time_of(reported.created_at, row.started_at or row.queued_at)
    if row.finished_at is not None and not (row.timed_out_at and wanted):
        if wanted == "in_progress" and at <= row.finished_at and _is_better_start(row, at):
            await correct_times(session, row.id, started_at=at)
        return row
    if reported.state in WAITING and row.status == "queued":
        waits = update(Deployment.__table__).where(_deployments.id == row.id).values(is_waiting=True)
        await session.execute(waits)
        return row
    if not wanted or (row.status == wanted and row.timed_out_at is None):
        await note_sign_of_life(session, row.id)
        return row
    reason = reported.description[:500] if wanted == "failed" else ""
    return await take_step(session, None, row, wanted, reason, at)


def _is_better_start(row: DeploymentRow, at: datetime) -> bool:
    """Returns whether the reported start is better than the stored one, which is missing or the time of the request."""
    return row.started_at is None or (row.queued_at is not None and row.started_at == row.queued_at < at)


def _time_of(reported: datetime | None, earliest: datetime | None = None) -> datetime:
    """Returns GitHub's time, not before `earliest`, or the current time if it is missing or in the future."""
    now = datetime.now(UTC)
    at = reported if reported and reported <= now + CLOCK_SKEW else now
    return max(at, earliest) if earliest else at


async def _keep_links(session: AsyncSession, row: DeploymentRow, payload: DeploymentPayload) -> None:
    """Stores links that a status adds, even after the end of the deployment."""
    links = {name: url for name, url in payload.links.items() if url != row._mapping[name]}
    if links:
        await session.execute(update(Deployment.__table__).where(_deployments.id == row.id).values(**links))


def _refusal(environment: str, *, is_archived: bool) -> str:
    if is_archived:
        return "The project is archived. Activate it, then redeliver."
    return f"There is no environment named {environment}. Add it, then redeliver."


async def _put(session: AsyncSession, named: dict[str, Any], environment_id: int, payload: DeploymentPayload) -> None:
    """Inserts the deployment, unless another delivery just did."""
    reported = payload.deployment
    created_at = _time_of(reported.created_at)
    values: dict[str, Any] = named | payload.links
    commit_at = await time_of(session, named["project_id"], reported.sha)
    with suppress(ExternalIdTaken):
        row = await insert_deployment(
            session,
            **values,
            environment_id=environment_id,
            created_at=created_at,
            queued_at=created_at,
            source="github",
            version=reported.version,
            commit_sha=reported.sha,
            ref=reported.ref[:200],
            commit_at=commit_at,
            description=reported.description[:2000],
            reporter=reported.reporter or "GitHub",
        )
        await emit_created(session, None, row)
