"""Notifies people: a notification for everybody concerned, and a job for each requested mail.

People are not notified about their own actions, except for account changes that may be an attack. The audience is
determined when the event is handled, by the rules of `features.notifications.kinds`.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.consumers.services import hand_over
from tca_app.core.events.consumers import consumer
from tca_app.core.events.log import RecordedEvent
from tca_app.core.jobs.queue import enqueue_many
from tca_app.features.notifications.content import body_of, link_of, title_of
from tca_app.features.notifications.kinds import ALWAYS, CHANNELS, KINDS, Channel
from tca_app.features.notifications.mails import WELCOME
from tca_app.features.slack import service as slack
from tca_app.models import Notification, NotificationPreference, ProjectMember, User

_users = User.__table__.c
_inbox = Notification.__table__.c
_members = ProjectMember.__table__.c
_preferences = NotificationPreference.__table__.c
ChannelsByUser = dict[int, set[Channel]]  # user id to the channels by which they are notified
MAINTAINING = ("owner", "maintainer")


@consumer("notifications")
async def notify_people(session: AsyncSession, events: Sequence[RecordedEvent]) -> None:
    notifying = [event for event in events if event.type in KINDS]
    channels = await channels_of(session, notifying)
    lines = [(e, user_id) for e in notifying for user_id, wanted in channels[e.id].items() if "inbox" in wanted]
    if lines:
        rows = [line_of(e, user_id) for e, user_id in lines]
        await session.execute(insert(Notification).values(rows).on_conflict_do_nothing())
        await hand_over(session, "notification", (line_of(e, u) | {"request_id": e.request_id} for e, u in lines))
    await _read_answered(session, notifying)
    if get_settings().has_mail:
        mails = [(e, user_id) for e in notifying for user_id, wanted in channels[e.id].items() if "mail" in wanted]
        await enqueue_many(session, "send_mail", [_about(e) | {"user_id": user_id} for e, user_id in mails])
    if get_settings().slack_webhook_url.get_secret_value():
        await enqueue_many(session, slack.TASK, [_about(e) for e in notifying if slack.is_of_console(e)])


async def channels_of(session: AsyncSession, events: Sequence[RecordedEvent]) -> dict[int, ChannelsByUser]:
    """Return, by event id, who is notified and by which channels."""
    recipients = await _recipients(session, events)
    chosen = await _chosen(session, set().union(*recipients.values()))
    return {event.id: _channels_by_user(event, recipients[event.id], chosen) for event in events}


async def _read_answered(session: AsyncSession, events: Sequence[RecordedEvent]) -> None:
    """Mark the notifications as read that the actors have dealt with, each their own."""
    answered = [(e.actor_id, kind, link_of(e)) for e in events if e.actor_id and (kind := KINDS[e.type].answers)]
    if answered:
        theirs = tuple_(_inbox.user_id, _inbox.kind, _inbox.link).in_(answered)
        unread = update(Notification.__table__).where(theirs, _inbox.read_at.is_(None))
        await session.execute(unread.values(read_at=func.now()))


def _about(event: RecordedEvent) -> dict[str, Any]:
    return {"event_id": event.id, "cause": event.cause}


def line_of(event: RecordedEvent, user_id: int) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "event_id": event.id,
        "kind": event.type,
        "title": title_of(event),
        "body": body_of(event),
        "link": link_of(event),
    }


async def _recipients(session: AsyncSession, events: Sequence[RecordedEvent]) -> dict[int, set[int]]:
    """Return, by event id, the recipients, who must be able to sign in."""
    teams = await _teams(session, {e.project_id for e in events if e.project_id is not None})
    admins = await _admins(session)
    found = {event.id: _audience(event, teams, admins) for event in events}
    everybody = set().union(*found.values())
    active = select(_users.id).where(_users.id.in_(everybody), _users.is_active, _users.deleted_at.is_(None))
    active = active.where(_users.kind == "person")
    active_ids = set((await session.execute(active)).scalars())
    return {event_id: people & active_ids for event_id, people in found.items()}


def _audience(event: RecordedEvent, teams: dict[int, dict[int, str]], admins: set[int]) -> set[int]:
    rule = KINDS[event.type].audience
    team = teams.get(event.project_id or 0, {})
    if rule == "team":
        return set(team)
    if rule == "maintainers":
        return {user_id for user_id, role in team.items() if role in MAINTAINING} if event.project_id else admins
    if rule == "admins":
        return admins | ({event.subject_id} if event.type == WELCOME else set())
    if rule == "owner" and event.data["owner_id"] is None:
        return {user_id for user_id, role in team.items() if role in MAINTAINING}
    if rule == "owner":
        return {int(event.data["owner_id"])}
    if rule == "subject":
        return {event.subject_id}
    people = {int(event.data[name]) for name in rule.split() if event.data[name] is not None}
    return people & {*team, *admins} if KINDS[event.type].sees_project else people


async def _teams(session: AsyncSession, project_ids: set[int]) -> dict[int, dict[int, str]]:
    """Return the members and their roles, by project."""
    teams: dict[int, dict[int, str]] = {}
    rows = select(_members.project_id, _members.user_id, _members.role).where(_members.project_id.in_(project_ids))
    for project_id, user_id, role in await session.execute(rows):
        teams.setdefault(project_id, {})[user_id] = role
    return teams


async def _admins(session: AsyncSession) -> set[int]:
    return set((await session.execute(select(_users.id).where(_users.is_superuser))).scalars())


async def _chosen(session: AsyncSession, people: set[int]) -> dict[tuple[int, str, str], bool]:
    table = _preferences
    rows = select(table.user_id, table.kind, table.channel, table.is_on).where(table.user_id.in_(people))
    return {(user_id, kind, channel): is_on for user_id, kind, channel, is_on in await session.execute(rows)}


def _channels_by_user(
    event: RecordedEvent, recipients: set[int], chosen: dict[tuple[int, str, str], bool]
) -> ChannelsByUser:
    """Return the channels by which each recipient is notified."""
    channels: ChannelsByUser = {}
    for user_id in recipients:
        if event.type == WELCOME and event.subject_id == user_id:
            channels[user_id] = {"mail"}
            continue
        is_own = user_id == event.actor_id and not KINDS[event.type].even_own
        channels[user_id] = {
            channel
            for channel in CHANNELS
            if (event.type, channel) in ALWAYS
            or (not is_own and chosen.get((user_id, event.type, channel), channel in KINDS[event.type].on))
        }
    return channels
