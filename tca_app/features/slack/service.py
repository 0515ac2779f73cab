"""Service functions for a project's Slack channel, to which the events of the project are posted.

A project posts only to its own channel. Events of the whole console go to SLACK_WEBHOOK_URL.
"""

from collections.abc import Sequence
from typing import Any

import httpx
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.errors import FieldError, Invalid, NotFound
from tca_app.core.events.log import RecordedEvent, emit
from tca_app.core.jobs.queue import enqueue
from tca_app.core.language.messages import _
from tca_app.core.outgoing.ssrf_safe import ForbiddenAddress, target_of
from tca_app.core.security.encryption import decrypt, encrypt
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.projects import policy
from tca_app.features.projects.service import LockedProject, find_project, get_project
from tca_app.features.slack import events
from tca_app.features.slack.schemas import DEFAULT_TOPICS, SlackRead, SlackUpdate
from tca_app.models import Project, SlackChannel

TASK = "send_slack"
HOST = "hooks.slack.com"
TYPES = {
    "deployments": ("deployment_succeeded", "deployment_failed", "deployment_cancelled", "deployment_rolled_back"),
    "approvals": ("deployment_approval_requested", "deployment_approved", "deployment_refused"),
    "health": (
        "health_degraded",
        "health_recovered",
        "certificate_expiring",
        "incident_opened",
        "incident_status_changed",
        "incident_acknowledged",
        "incident_resolved",
        "maintenance_scheduled",
        "maintenance_updated",
        "maintenance_cancelled",
    ),
    "freezes": ("freeze_set", "freeze_lifted", "freeze_passed"),
}
TOPIC_OF = {type_: topic for topic, types in TYPES.items() for type_ in types}
# Events of the console itself: its components, their incidents and maintenance, instance webhooks and new accounts.
INSTANCE_TYPES = frozenset({*TYPES["health"], "webhook_disabled", "user_created"})
_channels = SlackChannel.__table__.c


async def read_channel(session: AsyncSession, actor: Actor, project_id: int) -> SlackRead:
    project = await get_project(session, actor, project_id)
    policy.require(actor, "slack.manage", project.my_role)
    return await _read(session, project_id)


async def update_channel(session: AsyncSession, actor: Actor, project_id: int, data: SlackUpdate) -> SlackRead:
    """Connects the project or updates the given fields. Raises Invalid for a URL that is not Slack's, Forbidden."""
    project = await find_project(session, actor, "slack.manage", project_id)
    before = await _read(session, project_id)
    given = data.given()
    if "url" in given:
        await require_recent_proof(session, actor)
        _refuse_url(given["url"])
    elif not before.is_connected:
        raise Invalid.at("url", _("Required."))
    values: dict[str, Any] = {"topics": given.get("topics", before.topics), "changed_at": func.now()}
    if "url" in given:
        values |= {"sealed_url": encrypt(given["url"], _purpose(project_id)), "sent_at": None, "error": ""}
        put = insert(SlackChannel.__table__).values(project_id=project_id, **values)
        await session.execute(put.on_conflict_do_update(index_elements=["project_id"], set_=values))
    else:
        await session.execute(update(SlackChannel).where(_channels.project_id == project_id).values(values))
    after = await _read(session, project_id)
    await _emit_change(session, actor, project, before, after, is_replaced="url" in given)
    return after


async def _emit_change(
    session: AsyncSession,
    actor: Actor,
    project: LockedProject,
    before: SlackRead,
    after: SlackRead,
    *,
    is_replaced: bool,
) -> None:
    if not before.is_connected:
        await emit(session, actor, events.SlackConnected.of(project, after={"topics": after.topics}))
        return
    changed: dict[str, Any] = {"channel": "another one"} if is_replaced else {}
    if before.topics != after.topics:
        changed |= {"topics": after.topics}
    if changed:
        old = {"topics": before.topics} if "topics" in changed else {}
        await emit(session, actor, events.SlackChanged.of(project, before=old, after=changed))


async def remove_channel(session: AsyncSession, actor: Actor, project_id: int) -> None:
    """Disconnects the channel and drops waiting messages. Raises NotFound when there is no channel."""
    project = await find_project(session, actor, "slack.manage", project_id)
    gone = delete(SlackChannel).where(_channels.project_id == project_id).returning(_channels.project_id)
    if (await session.execute(gone)).first() is None:
        raise NotFound
    await emit(session, actor, events.SlackRemoved.of(project))


async def send_test(session: AsyncSession, actor: Actor, project_id: int) -> SlackRead:
    """Posts a test message, without retries. `sent_at` or `error` shows the result."""
    await find_project(session, actor, "slack.manage", project_id)
    found = await _read(session, project_id)
    if not found.is_connected:
        raise NotFound
    await enqueue(session, TASK, project_id=project_id)
    return found


async def messages_of(session: AsyncSession, logged: Sequence[RecordedEvent]) -> list[dict[str, Any]]:
    """Returns the arguments of a job for each event and the project channel that gets it."""
    ids = {event.project_id for event in logged if event.project_id is not None and event.type in TOPIC_OF}
    if not ids:
        return []
    rows = select(_channels.project_id, _channels.topics).where(_channels.project_id.in_(ids))
    topics = {project_id: set(chosen) for project_id, chosen in await session.execute(rows)}
    return [
        {"event_id": event.id, "project_id": event.project_id, "cause": event.cause}
        for event in logged
        if event.project_id is not None and TOPIC_OF.get(event.type) in topics.get(event.project_id, set())
    ]


def is_of_console(event: RecordedEvent) -> bool:
    """Returns whether the event goes to the channel of the console."""
    return event.project_id is None and event.type in INSTANCE_TYPES


async def find_url(session: AsyncSession, project_id: int) -> tuple[str, str] | None:
    """Returns the project's name and the URL of its channel, or None when one is gone. Raises DecryptionError."""
    rows = select(col(Project.name), _channels.sealed_url).join(Project, col(Project.id) == _channels.project_id)
    found = rows.where(_channels.project_id == project_id, col(Project.deleted_at).is_(None))
    row = (await session.execute(found)).first()
    return (row.name, decrypt(row.sealed_url, _purpose(project_id))) if row else None


async def note_result(session: AsyncSession, project_id: int, error: str) -> None:
    """Records the result of a message. `error` is empty when Slack accepted it."""
    values = {"error": error[:500]} | ({} if error else {"sent_at": func.now()})
    statement = update(SlackChannel).where(_channels.project_id == project_id).values(values)
    await session.execute(statement.execution_options(synchronize_session=False))


async def _read(session: AsyncSession, project_id: int) -> SlackRead:
    columns = (_channels.topics, _channels.changed_at, _channels.sent_at, _channels.error)
    row = (await session.execute(select(*columns).where(_channels.project_id == project_id))).first()
    if row is None:
        return SlackRead(is_connected=False, topics=list(DEFAULT_TOPICS))
    return SlackRead(is_connected=True, **row._mapping)


def _refuse_url(url: str) -> None:
    """Raises Invalid unless the host is Slack's, or one that the operator allows for development."""
    try:
        target = target_of(url)
    except ForbiddenAddress as refusal:
        raise Invalid(str(refusal), errors=[FieldError("/url", str(refusal))]) from None
    is_slack = (target.url.scheme, target.host) == ("https", HOST)
    if not (is_slack or target.is_trusted) or httpx.URL(url).path in ("", "/"):
        raise Invalid.at("url", _("Enter the URL of a Slack incoming webhook: https://{host}/services/…", host=HOST))


def _purpose(project_id: int) -> str:
    return f"slack_channel:{project_id}"
