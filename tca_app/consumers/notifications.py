"""Notifies people: a notification for everybody concerned, and a job for each requested mail.

People are not notified about their own actions, except for account changes that may be an attack. The audience is
determined when the event is handled, by the rules of `features.notifications.kinds`.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.config.settings import get_settings
from tca_app.consumers.services import hand_over
from tca_app.core.events.consumers import consumer
from tca_app.core.events.log import Logged
from tca_app.core.jobs.queue import enqueue_many
from tca_app.features.notifications.kinds import ALWAYS, CHANNELS, KINDS, Channel, body_of, link_of, title_of
from tca_app.features.notifications.mails import WELCOME
from tca_app.features.slack import service as slack
from tca_app.models import Notification, NotificationPreference, ProjectMember, User

_users = User.__table__.c
_members = ProjectMember.__table__.c
_preferences = NotificationPreference.__table__.c
Ways = dict[int, set[Channel]]  # user id to the channels by which they are notified
MAINTAINING = ("owner", "maintainer")


@consumer("notifications")
async def tell(session: AsyncSession, events: Sequence[Logged]) -> None:
    told = [event for event in events if event.type in KINDS]
    ways = await ways_of(session, told)
    lines = [(e, user_id) for e in told for user_id, wanted in ways[e.id].items() if "inbox" in wanted]
    if lines:
        rows = [line_of(e, user_id) for e, user_id in lines]
        await session.execute(insert(Notification).values(rows).on_conflict_do_nothing())
        await hand_over(session, "notification", (line_of(e, u) | {"request_id": e.request_id} for e, u in lines))
    if get_settings().has_mail:
        mails = [(e, user_id) for e in told for user_id, wanted in ways[e.id].items() if "mail" in wanted]
        await enqueue_many(session, "send_mail", [_about(e) | {"user_id": user_id} for e, user_id in mails])
    if get_settings().slack_webhook_url.get_secret_value():
        await enqueue_many(session, slack.TASK, [_about(e) for e in told if slack.is_of_console(e)])


async def ways_of(session: AsyncSession, events: Sequence[Logged]) -> dict[int, Ways]:
    """Return, by event id, who is notified and by which channels."""
    concerned = await _concerned(session, events)
    chosen = await _chosen(session, set().union(*concerned.values()))
    return {event.id: _ways(event, concerned[event.id], chosen) for event in events}


def _about(event: Logged) -> dict[str, Any]:
    return {"event_id": event.id, "cause": event.cause}


def line_of(event: Logged, user_id: int) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "event_id": event.id,
        "kind": event.type,
        "title": title_of(event),
        "body": body_of(event),
        "link": link_of(event),
    }


async def _concerned(session: AsyncSession, events: Sequence[Logged]) -> dict[int, set[int]]:
    """Return, by event id, the people concerned who can sign in."""
    teams = await _teams(session, {e.project_id for e in events if e.project_id is not None})
    admins = await _admins(session)
    found = {event.id: _audience(event, teams, admins) for event in events}
    everybody = set().union(*found.values())
    active = select(_users.id).where(_users.id.in_(everybody), _users.is_active, _users.deleted_at.is_(None))
    can_hear = set((await session.execute(active)).scalars())
    return {event_id: people & can_hear for event_id, people in found.items()}


def _audience(event: Logged, teams: dict[int, dict[int, str]], admins: set[int]) -> set[int]:
    rule = KINDS[event.type].audience
    team = teams.get(event.project_id or 0, {})
    if rule == "team":
        return set(team)
    if rule == "maintainers":
        return {user_id for user_id, role in team.items() if role in MAINTAINING} if event.project_id else admins
    if rule == "admins":
        return admins | ({event.subject_id} if event.type == WELCOME else set())
    if rule == "subject":
        return {event.subject_id}
    return {int(event.data[name]) for name in rule.split() if event.data[name] is not None}


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


def _ways(event: Logged, concerned: set[int], chosen: dict[tuple[int, str, str], bool]) -> Ways:
    """Return the channels by which each person concerned is notified."""
    ways: Ways = {}
    for user_id in concerned:
        if event.type == WELCOME and event.subject_id == user_id:
            ways[user_id] = {"mail"}
            continue
        is_own = user_id == event.actor_id and not KINDS[event.type].even_own
        ways[user_id] = {
            channel
            for channel in CHANNELS
            if (event.type, channel) in ALWAYS
            or (not is_own and chosen.get((user_id, event.type, channel), channel in KINDS[event.type].on))
        }
    return ways
